// --data and what says how to read it, for every command that reads texts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "data/source.h"

namespace ingot::cli {

struct DataOptions {
  std::string data;
  std::string text, label, separator;  // as data::ReadingOptions
  std::int64_t data_limit = 0;         // MiB; 0: data::ReadingOptions::limit
};

// Adds --data (required unless said otherwise; `help` explains it), --text, --label, --separator and --data-limit.
Option add_data_options(Command& command, DataOptions& options, const std::string& help = "as for train");

// What the options name, with a note for each thing that a user should know about how it is read.
std::unique_ptr<data::Source> open_data(const DataOptions& options);

// The options that say how to read it, as words, for a command that types others.
std::vector<std::string> reading_words(const DataOptions& options);

// Says each note of a corpus or source.
void say_notes(const std::vector<std::string>& notes);

}  // namespace ingot::cli
