// What a finished row of a lab came to.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/io/saved.h"

namespace ingot::labs {

// What is measured of a model, or of a search. Nothing where the row's commands did not measure it.
struct RowFigures {
  std::optional<double> accuracy, validation_accuracy;  // fractions
  // Of means of several seeds, one standard error of each.
  std::optional<double> accuracy_error, validation_accuracy_error;
  std::optional<double> sparsity;      // share of weights that are zero
  std::optional<double> average_bits;  // of a parameter
  std::optional<std::int64_t> packed_bytes, examples;
  // Beside another model: the share of answers that differ, and the root mean square of the differences of outputs.
  std::optional<double> flips, output_noise;
  std::optional<double> inference_tokens_per_second;  // in float32 or in integers
  // Of a search: different trials, trials that other processes still run, and the best value after each trial, nothing
  // as long as none is complete.
  std::optional<std::int64_t> distinct, unfinished;
  std::optional<std::vector<std::optional<double>>> best_so_far;
  std::optional<double> trial_seconds;  // of all its trials, one after the other
};

inline const RowFigures kNotMeasured;

struct RowResult {
  // `subject` names the result in errors. Throws Error if it is no object, or a figure in it is of another type.
  RowResult(engine::Json result, const std::string& subject);

  engine::Json json;  // what its commands gave: their result.json, or what the row assembled
  RowFigures figures;
  double seconds = 0;  // of the process that did it: less than all when it resumed
  bool resumed = false;
  std::vector<std::string> typed;  // its commands, as a shell reads them
};

// What is known of finished rows, by name.
using Results = std::map<std::string, RowResult>;

}  // namespace ingot::labs
