// How well a model does on texts whose answers are known.
#pragma once

#include <cstdint>
#include <vector>

#include "bert/class_scores.h"

namespace ingot::bert {

// Scores of a model. Each head fills in the fields that it can compute.
struct Evaluation {
  std::int64_t n = 0;
  double accuracy = 0;
  double macro_f1 = 0;  // mean over the labels that occur of 2 TP / (2 TP + FP + FN)
  double loss = 0;      // mean over the texts
  std::int64_t n_tokens = 0;
  double seconds = 0;
  std::vector<std::int32_t> predictions;  // the likeliest labels, in the order of the texts
  ClassScores scores;
};

// A number that says how good a model is.
struct Metric {
  const char* name;
  double (*value)(const Evaluation& evaluation);
  bool lower_is_better = false;
};

}  // namespace ingot::bert
