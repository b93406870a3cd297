// ingot prune: weights set to 0, and what is left trained around them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pipeline/run.h"
#include "pipeline/training.h"

namespace ingot::pipeline {

struct PruningOptions : TrainingOptions {
  PruningOptions() {
    epochs = 0;
    learning_rate = 3e-4;
    length = 0;
  }
  std::string method = "l1", scope = "local";
  std::optional<double> sparsity;  // none: by the method
  double activations = 0;
  bool embeddings = false;
  double ramp = 0.5;
  std::int64_t validation = -1;
};

// Prunes a classifier, trains on what is left, evaluates the best epoch and saves it in options.out/best. Holds
// the lock of options.out while it works. Throws Error for wrong options or data before any work.
void prune_classifier(const PruningOptions& options, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline
