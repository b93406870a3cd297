// The database files of WordNet (Debian package wordnet-base) as wndb(5WN) describes them: synonym sets with their
// words, hypernyms and glosses.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/source.h"

namespace ingot::data {

// lexnames(5WN), the lexicographer files by their numbers.
inline constexpr std::array<std::string_view, 45> kLexicographerFiles{
    "adj.all",          "adj.pert",           "adv.all",
    "noun.Tops",        "noun.act",           "noun.animal",
    "noun.artifact",    "noun.attribute",     "noun.body",
    "noun.cognition",   "noun.communication", "noun.event",
    "noun.feeling",     "noun.food",          "noun.group",
    "noun.location",    "noun.motive",        "noun.object",
    "noun.person",      "noun.phenomenon",    "noun.plant",
    "noun.possession",  "noun.process",       "noun.quantity",
    "noun.relation",    "noun.shape",         "noun.state",
    "noun.substance",   "noun.time",          "verb.body",
    "verb.change",      "verb.cognition",     "verb.communication",
    "verb.competition", "verb.consumption",   "verb.contact",
    "verb.creation",    "verb.emotion",       "verb.motion",
    "verb.perception",  "verb.possession",    "verb.social",
    "verb.stative",     "verb.weather",       "adj.ppl",
};
inline constexpr std::size_t kFirstNounFile = 3, kNounFiles = 26;

struct Synset {
  std::uint32_t offset;                  // in its file: its name in WordNet
  std::size_t file;                      // index into kLexicographerFiles
  std::vector<std::string_view> words;   // blanks as '_', without the marks (p), (a) and (ip) of adjectives
  std::vector<std::uint32_t> hypernyms;  // pointers @
  std::vector<std::uint32_t> classes;    // pointers @i: what it is an instance of
  std::string_view gloss;                // definition and, in quotes, examples; without blanks at its end
};

// The synonym sets of a file data.POS in their order: all lines but those of the licence, which begin with two blanks.
// They are views of `bytes`. Throws Error naming `file` and line for what is no such line, and if there is none.
std::vector<Synset> parse_synsets(std::string_view bytes, const std::string& file);

// Whether a synonym set is in the test part of what is split by synonym sets: a pure function that holds for a tenth.
bool is_test_synset(std::uint32_t offset);

// The folder of the files. Throws Error that names the Debian package unless it holds all `files`.
std::filesystem::path wordnet_folder(std::string_view word, std::span<const std::string_view> files);

// A corpus of the files in that order. `word`: the name of the source and, with the answers, the kind of its
// fingerprint.
struct WordNetFile {
  std::string_view bytes;
  std::string name;
};
using ParseWordNet = Corpus (*)(std::span<const WordNetFile> files, Answers answers);
std::unique_ptr<Source> open_wordnet(std::string_view word, std::span<const std::string_view> files, Answers answers,
                                     ParseWordNet parse);

}  // namespace ingot::data
