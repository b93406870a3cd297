// --data and what says how to read it, for every command that reads texts.
#pragma once

#include <string>

#include "cli/command.h"
#include "pipeline/data.h"

namespace ingot::cli {

// Adds --data (required unless said otherwise; `help` explains it), --text, --label, --separator and --data-limit.
Option add_data_options(Command& command, pipeline::DataOptions& options,
                        const std::string& help = "labelled texts, as for train");

// Adds options of a table whose labels are not read: --data (explained by `help`), --text, --pair if `has_pairs`,
// --separator and --data-limit.
void add_table_options(Command& command, pipeline::DataOptions& options, const std::string& help, bool has_pairs);

}  // namespace ingot::cli
