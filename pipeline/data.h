// Which texts a command reads, and how.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/source.h"

namespace ingot::pipeline {

struct DataOptions {
  std::string data;                    // path, or glosses
  std::string text, label, separator;  // as data::ReadingOptions
  std::int64_t data_limit = 0;         // MiB; 0: data::ReadingOptions::limit
};

// Opens the source that the options name, and prints a note for each thing that a user should know about how it is
// read. Throws Error as data::open_source does.
std::unique_ptr<data::Source> open_data(const DataOptions& options);

// The options that say how the data is read, as command-line words, for a lab that runs other commands.
std::vector<std::string> reading_words(const DataOptions& options);

// Prints each note of a corpus or source on standard error.
void say_notes(const std::vector<std::string>& notes);

}  // namespace ingot::pipeline
