// Which texts a command reads, and how.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/batches.h"
#include "data/source.h"

namespace ingot::pipeline {

struct DataOptions {
  std::string data;  // path, or a word: data/source.h
  // Instead of `data`: its parts as files of their own.
  std::string train_file, validation_file, test_file;
  std::string text, pair, label, separator;  // as data::ReadingOptions
  std::optional<data::Answers> answers;      // what a model is to learn of them; empty: what they are
  std::int64_t data_limit = 0;               // MiB; 0: data::ReadingOptions::limit
};

// Whether they name texts; the name: `data`, or the training part's.
bool has_data(const DataOptions& options);
std::string data_name(const DataOptions& options);

// Throws Error if texts are named in two ways, or a part without the training part.
void check_data(const DataOptions& options);

// Opens the source that the options name, and prints a note for each thing that a user should know about how it is
// read. Throws Error as data::open_source does.
std::unique_ptr<data::Source> open_data(const DataOptions& options);

// The options that say how the data is read, as command-line words, for a lab that runs other commands.
std::vector<std::string> reading_words(const DataOptions& options);

// What decides how labelled texts are cut into those to train on and those to choose by.
struct LabelledTexts {
  std::string source;                    // its name, for messages
  std::span<const std::int32_t> labels;  // of the training part
  std::size_t n_labels = 0;              // how many there are
  std::size_t n_own_validation = 0;      // texts in the validation part of the data
};

// Of data without a validation part n_validation texts are held out, by the seed; negative: a tenth, at most 2,500.
// Else all are trained on, and none are held out. The same seed holds out the same texts in every command. Throws Error
// for fewer than two labels, or if no text is left for one of both.
data::Split training_split(const LabelledTexts& texts, std::int64_t n_validation, std::uint64_t seed);

// Prints each note of a corpus or source on standard error.
void say_notes(const std::vector<std::string>& notes);

}  // namespace ingot::pipeline
