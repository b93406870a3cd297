// Predictions for all rows of a table, written beside its columns.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "bert/answer.h"
#include "data/table_file.h"
#include "engine/io/json.h"
#include "pipeline/data.h"
#include "pipeline/predictor.h"

namespace ingot::pipeline {

struct TableOptions : DataOptions {
  std::string out;      // .csv, .tsv or .jsonl; empty or "-": `print`, in the format of the data
  bert::Detail detail;  // lists: as the format of `out` has them
};

// What is written where there is no file.
using Print = std::function<void(std::string_view text)>;

// Throws Error, as an option of the user, for details that the head does not know.
void check_detail(const bert::Head& head, const bert::Detail& detail);

// Predicts all rows, a few thousand at a time, and writes the table with columns behind its own. Returns what was done,
// for result.json. Throws Error naming file and line for a row that cannot be used: `out` is then as it was.
engine::Json predict_table(const TableOptions& options, Predictor& predictor, const Print& print);

// The table that the options name; says which columns are read.
data::TableFile open_table(const DataOptions& options);

// Gives the rows of a table in batches, in their order, with progress under the name `what`.
void for_each_batch(const data::TableFile& table, const char* what,
                    const std::function<void(std::vector<data::TableRow>&& rows)>& take);

}  // namespace ingot::pipeline
