// --data and what says how to read it, for every command that reads texts.
#pragma once

#include <string>

#include "cli/command.h"
#include "pipeline/data.h"

namespace ingot::cli {

// What a command does with its texts.
struct DataUse {
  std::string help = "labelled texts, as for train";  // explains --data
  bool is_required = true;
  std::int64_t* n_held_out = nullptr;  // what --validation N sets; null: --validation takes a file alone
  std::string held_out = "to choose the best epoch by";
};

// Adds --data or the files of its parts (--train, --validation, --test), --text, --pair, --label, --separator and
// --data-limit.
void add_data_options(Command& command, pipeline::DataOptions& options, const DataUse& use = {});

// Adds options of a table whose labels are not read: --data (explained by `help`), --text, --pair if `has_pairs`,
// --separator and --data-limit.
void add_table_options(Command& command, pipeline::DataOptions& options, const std::string& help, bool has_pairs);

}  // namespace ingot::cli
