// How well a model does on texts whose answers are known.
#pragma once

#include <cstdint>
#include <vector>

#include "bert/class_scores.h"

namespace ingot::bert {

// Scores of a model. Each head fills in the fields that it can compute.
struct Evaluation {
  std::int64_t n = 0;
  double accuracy = 0;  // share of the rows whose label is right; of several labels: of the texts with all right
  double macro_f1 = 0;  // mean over the labels that occur of 2 TP / (2 TP + FP + FN)
  double micro_f1 = 0;  // the same of the sums over all labels
  double precision = 0, recall = 0, f1 = 0;           // of entities
  double pearson = 0, spearman = 0, rmse = 0;         // of numbers: means over the outputs, over all elements
  double recall_at_1 = 0, recall_at_10 = 0, mrr = 0;  // of retrieval: each first text looks for its second
  double loss = 0;                                    // mean over what counts
  std::int64_t n_tokens = 0;
  double seconds = 0;
  std::vector<std::int32_t> predictions;  // the likeliest labels, in the order of the rows
  ClassScores scores;                     // no classes: the head has none
};

// A number that says how good a model is.
struct Metric {
  const char* name;
  const char* title;  // for people
  double (*value)(const Evaluation& evaluation);
  bool lower_is_better = false;
};

}  // namespace ingot::bert
