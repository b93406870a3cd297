#include "data/gloss_kinds.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "data/readers.h"
#include "engine/base/error.h"

namespace ingot::data {
using engine::require;

namespace {

constexpr const char* kWord = "gloss-kinds";
constexpr std::string_view kFiles[] = {"data.noun"};
constexpr std::size_t kOneIn = 100;

using Index = std::unordered_map<std::uint32_t, std::size_t>;  // of a synonym set by its offset

// What is above each synonym set, itself left out. Pointers that lead nowhere or back are harmless.
std::vector<std::vector<std::size_t>> ancestors_of(const std::vector<Synset>& synsets) {
  Index index;
  for (std::size_t i = 0; i < synsets.size(); ++i) index.emplace(synsets[i].offset, i);
  std::vector<std::vector<std::size_t>> all(synsets.size());
  for (std::size_t i = 0; i < synsets.size(); ++i) {
    std::vector<std::size_t>& found = all[i];
    const auto look_above = [&](const Synset& synset) {
      for (const std::vector<std::uint32_t>* pointers : {&synset.hypernyms, &synset.classes}) {
        for (const std::uint32_t offset : *pointers) {
          const auto at = index.find(offset);
          if (at == index.end() || at->second == i) continue;
          if (std::find(found.begin(), found.end(), at->second) == found.end()) found.push_back(at->second);
        }
      }
    };
    look_above(synsets[i]);
    for (std::size_t next = 0; next < found.size(); ++next) look_above(synsets[found[next]]);
  }
  return all;
}

// The names of the labels, sorted, with their synonym sets.
std::map<std::string, std::size_t> labels_among(const std::vector<Synset>& synsets,
                                                const std::vector<std::vector<std::size_t>>& ancestors) {
  std::vector<std::size_t> n_below(synsets.size());
  for (const std::vector<std::size_t>& above : ancestors) {
    for (const std::size_t i : above) ++n_below[i];
  }
  std::map<std::string_view, std::vector<std::size_t>> by_word;
  for (std::size_t i = 0; i < synsets.size(); ++i) {
    const bool is_label = n_below[i] > 0 && n_below[i] * kOneIn >= synsets.size() && !ancestors[i].empty();
    if (is_label) by_word[synsets[i].words.front()].push_back(i);
  }
  std::map<std::string, std::size_t> labels;
  for (const auto& [word, members] : by_word) {
    for (const std::size_t i : members)
      labels.emplace(members.size() == 1 ? std::string(word) : fmt::format("{}/{:08}", word, synsets[i].offset), i);
  }
  return labels;
}

}  // namespace

Corpus parse_gloss_kinds(std::span<const WordNetFile> files, Answers answers) {
  const std::vector<Synset> synsets = parse_synsets(files[0].bytes, files[0].name);
  const std::vector<std::vector<std::size_t>> ancestors = ancestors_of(synsets);
  const std::map<std::string, std::size_t> labels = labels_among(synsets, ancestors);
  require(!labels.empty(), "{}: must hold hypernyms that have hypernyms, got none", files[0].name);
  Corpus corpus;
  corpus.answers = answers;
  std::unordered_map<std::size_t, std::size_t> place;  // of the number of a label, by its synonym set
  for (const auto& [name, i] : labels) {
    place.emplace(i, corpus.label_names.size());
    corpus.label_names.push_back(name);
  }
  std::unordered_map<std::string_view, std::uint32_t> first_offset;  // of each gloss: it decides for the equal ones
  for (std::size_t i = 0; i < synsets.size(); ++i) {
    const Synset& synset = synsets[i];
    Example example{.text = std::string(synset.gloss), .numbers = std::vector<float>(labels.size())};
    for (const std::size_t above : ancestors[i]) {
      if (const auto at = place.find(above); at != place.end()) example.numbers[at->second] = 1;
    }
    const std::uint32_t offset = first_offset.try_emplace(synset.gloss, synset.offset).first->second;
    (is_test_synset(offset) ? corpus.test : corpus.train).push_back(std::move(example));
  }
  return corpus;
}

std::unique_ptr<Source> open_gloss_kinds(const ReadingOptions& options) {
  const Answers answers = options.answers.value_or(Answers::labels);
  require(answers == Answers::labels, "{}: has several labels of each text to learn, no {}", kWord, name(answers));
  return open_wordnet(kWord, kFiles, answers, parse_gloss_kinds);
}

}  // namespace ingot::data
