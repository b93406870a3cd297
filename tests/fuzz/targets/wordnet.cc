// The database files of WordNet, and what is made of them: noun, verb, adj and adv are one file here, and so are the
// exceptions of each.
#include "data/wordnet.h"

#include "data/gloss_kinds.h"
#include "data/gloss_pairs.h"
#include "data/gloss_tags.h"
#include "data/glosses.h"
#include "engine/base/error.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/several_files.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {" ",  "  ", " | ", "@ ", "@i ", "00000000", "n 0000",
                                        "01", "ff", "\n",  "\"", "(p)", ";"};

void read(std::string_view bytes) {
  std::string synsets, exceptions;
  for (const NamedFile& file : files_in(bytes)) (file.name == "data.noun" ? synsets : exceptions) += file.bytes;
  data::parse_glosses(synsets, "data.noun");
  std::vector<data::WordNetFile> files(4, {synsets, "data.noun"});
  files.resize(8, {exceptions, "noun.exc"});
  using data::Answers;
  for (const Answers answers : {Answers::label, Answers::none, Answers::labels, Answers::tags}) {
    for (const data::ParseWordNet parse : {data::parse_gloss_pairs, data::parse_gloss_kinds, data::parse_gloss_tags}) {
      try {
        parse(files, answers);
      } catch (const engine::Error&) {
        // Each has rules of its own.
      }
    }
  }
}

std::string mutated_wordnet(std::string bytes, Rng& rng) {
  std::vector<NamedFile> files = files_in(bytes);
  if (files.empty()) return mutated_bytes(std::move(bytes), rng, kPieces);
  NamedFile& file = files[rng.below(files.size())];
  file.bytes = mutated_lines(file.bytes, rng, kPieces);
  return joined(files);
}

}  // namespace

Target wordnet() { return {.name = "wordnet", .read = read, .mutated = mutated_wordnet, .pieces = kPieces}; }

}  // namespace ingot::fuzz
