// What the commands say of themselves, as data: the source of man pages and completion.
#pragma once

#include <string>
#include <vector>

namespace ingot::cli {

struct DescribedOption {
  std::vector<std::string> names;  // "-h", "--help"; the one word of a positional argument
  std::string type;                // as in --help: "FILE", "linear|cosine"; empty: a flag
  std::string description;
  std::string preset;  // the value where none is given; empty: none
  std::string group;   // its heading in --help
  bool is_positional = false, is_required = false, is_repeatable = false;

  std::vector<std::string> choices() const;  // the words that it may be
  bool takes_file() const;                   // or a file or a folder
  bool takes_folder() const;                 // and no file
};

struct DescribedCommand {
  std::string name;                      // "search nas"; empty: the program
  std::string description;               // one line
  std::string footer;                    // what --help ends with: its example
  std::vector<std::string> commands;     // the last words of those that belong to it
  std::vector<DescribedOption> options;  // in the order of --help, positional ones first
};

// The program and every command, those that belong to one behind it.
std::vector<DescribedCommand> described_commands();

}  // namespace ingot::cli
