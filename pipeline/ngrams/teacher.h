// Soft labels from n-grams, for distillation: what a student may learn about each text.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/ngrams/ngram_model.h"

namespace ingot::pipeline {

struct TeacherTexts {
  std::size_t n_classes = 2;
  std::size_t texts_per_example = 1;                // 2 for pairs
  std::span<const std::string_view> labelled;       // [n examples, texts_per_example], here and below
  std::span<const std::int32_t> labels;             // [n examples], 0 to n_classes - 1
  std::span<const std::string_view> validation;     // not among the labelled ones
  std::span<const std::int32_t> validation_labels;  // [n examples]
  std::span<const std::string_view> unlabelled;
};

struct TeacherOptions {
  NgramFitting fitting;
  int n_folds = 4;  // at least 2
  std::uint64_t seed = 1;
};

// Calibrated logits, [n examples, n_classes] each: softmax of them is what the teacher believes.
struct TeacherLogits {
  std::vector<float> labelled;                // each by a model that saw neither the text nor one of equal features
  std::vector<float> validation, unlabelled;  // by the model of all labelled texts
  double temperature = 1;                     // by which all were divided
};

// Called as the work goes on: what is done ("fold 2 of 4"), and how far.
using TeacherProgress = std::function<void(const std::string& what, std::int64_t done, std::int64_t total)>;

// Fits a model on all labelled texts and one without each fold. The temperature is that of the first on the validation
// texts. The same bits on any number of threads.
TeacherLogits ngram_teacher(const TeacherTexts& texts, const TeacherOptions& options,
                            const TeacherProgress& progress = {});

// The fold of each row, 0 to n_folds - 1: of each label as many in each, as near as equal rows allow, which share a
// fold. A pure function of its arguments.
std::vector<int> folds_of(const FeatureRows& rows, std::span<const std::int32_t> labels, int n_folds,
                          std::uint64_t seed);

}  // namespace ingot::pipeline
