#include "data/gloss_pairs.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "data/readers.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"

namespace ingot::data {
using engine::require;

namespace {

constexpr const char* kWord = "gloss-pairs";
constexpr std::string_view kFiles[] = {"data.noun"};
// A hypernym of hundreds would fill the batches of an embedding with texts that belong together after all.
constexpr std::size_t kMostPairs = 4;
enum Label : std::int32_t { kOther, kSame };  // in the order of their names

std::uint32_t hash_of(std::uint32_t offset) { return engine::philox({offset, 0, 0, 0}, 0)[1]; }

// What pairs must share to be recombined: the part and the lexicographer file.
using Block = std::pair<bool, std::size_t>;
using Pair = std::pair<const Synset*, const Synset*>;

struct Siblings {
  std::uint32_t hypernym;
  std::vector<Pair> pairs;
};

std::map<Block, std::vector<Siblings>> sibling_pairs(const std::vector<Synset>& synsets) {
  std::map<std::pair<std::uint32_t, std::size_t>, std::vector<const Synset*>> groups;
  std::unordered_set<std::string_view> seen;
  for (const Synset& synset : synsets) {
    if (!seen.insert(synset.gloss).second || synset.hypernyms.empty()) continue;
    groups[{synset.hypernyms.front(), synset.file}].push_back(&synset);
  }
  std::map<Block, std::vector<Siblings>> blocks;
  for (auto& [key, members] : groups) {
    const auto [hypernym, file] = key;
    std::sort(members.begin(), members.end(), [](const Synset* a, const Synset* b) {
      return std::pair(hash_of(a->offset), a->offset) < std::pair(hash_of(b->offset), b->offset);
    });
    Siblings siblings{hypernym, {}};
    for (std::size_t i = 0; i + 1 < members.size() && siblings.pairs.size() < kMostPairs; i += 2)
      siblings.pairs.emplace_back(members[i], members[i + 1]);
    if (!siblings.pairs.empty()) blocks[{is_test_synset(hypernym), file}].push_back(std::move(siblings));
  }
  for (auto& [block, all] : blocks) {
    std::sort(all.begin(), all.end(), [](const Siblings& a, const Siblings& b) {
      return std::pair(hash_of(a.hypernym), a.hypernym) < std::pair(hash_of(b.hypernym), b.hypernym);
    });
  }
  return blocks;
}

bool share_hypernym(const Synset& a, const Synset& b) {
  return std::find_first_of(a.hypernyms.begin(), a.hypernyms.end(), b.hypernyms.begin(), b.hypernyms.end()) !=
         a.hypernyms.end();
}

Example example(const Synset& first, const Synset& second, std::int32_t label) {
  return {.text = std::string(first.gloss), .label = label, .second = std::string(second.gloss)};
}

// The pairs of one hypernym stand together, at most `shift` of them: a second gloss from `shift` places on is of
// another one, if the block holds twice as many.
void add_block(const std::vector<Siblings>& block, bool only_same, std::vector<Example>& part) {
  std::vector<Pair> pairs;
  std::size_t shift = 0;
  for (const Siblings& siblings : block) {
    pairs.insert(pairs.end(), siblings.pairs.begin(), siblings.pairs.end());
    shift = std::max(shift, siblings.pairs.size());
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto& [first, second] = pairs[i];
    if (only_same) {
      part.push_back(example(*first, *second, kUnlabelled));
      continue;
    }
    const Synset& other = *pairs[(i + shift) % pairs.size()].second;
    if (pairs.size() < 2 * shift || share_hypernym(*first, other)) continue;
    part.push_back(example(*first, *second, kSame));
    part.push_back(example(*first, other, kOther));
  }
}

}  // namespace

Corpus parse_gloss_pairs(std::span<const WordNetFile> files, Answers answers) {
  const std::vector<Synset> synsets = parse_synsets(files[0].bytes, files[0].name);
  Corpus corpus;
  corpus.answers = answers;
  corpus.has_pairs = true;
  if (answers == Answers::label) corpus.label_names = {"other", "same"};
  for (const auto& [block, siblings] : sibling_pairs(synsets))
    add_block(siblings, answers == Answers::none, block.first ? corpus.test : corpus.train);
  require(!corpus.train.empty(), "{}: must hold pairs of glosses with the same hypernym, got none", files[0].name);
  return corpus;
}

std::unique_ptr<Source> open_gloss_pairs(const ReadingOptions& options) {
  const Answers answers = options.answers.value_or(Answers::label);
  require(answers == Answers::label || answers == Answers::none,
          "{}: has labels (same, other) or pairs that belong together to learn, no {}", kWord, name(answers));
  return open_wordnet(kWord, kFiles, answers, parse_gloss_pairs);
}

}  // namespace ingot::data
