// ingot train: a model for a task, from texts with answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pipeline/run.h"
#include "pipeline/training.h"

namespace ingot::pipeline {

// Settings that were chosen on IMDb by the validation accuracy.
struct TrainOptions : TrainingOptions {
  TrainOptions() {
    truncation = "head-tail";
    weight_decay = 0.1;
  }
  std::string task = "auto";  // Head::task; auto: what the data answers
  std::string pooling = "auto";
  std::string recipe = "none";   // recipe.h
  std::int64_t validation = -1;  // examples; negative: by rule
};

// Trains a model for a task on the texts that the options name, evaluates the best epoch and saves it in
// options.out/best. Holds the lock of options.out while it works. Throws Error for wrong options or data before any
// work.
void train_classifier(const TrainOptions& options, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline
