// ingot search mixed: the number format of each layer of a trained classifier.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/searches/model_search.h"
#include "pipeline/training.h"

namespace ingot::pipeline {

struct MixedOptions : TrainingOptions, ModelSearchOptions {
  MixedOptions() {
    epochs = 0;
    learning_rate = 3e-4;
    length = 0;
  }
  std::string formats = "fixed", widths = "2,3,4,6,8", fracs = "calibrated", inputs = "same", per = "channel";
  bool embeddings = false;
  bool integer_only = false;
  std::string edge_widths = "4,6,8", residual_widths = "10,12,16";  // with integer_only
  double max_bits = 0;
  std::int64_t calibration_texts = 256, steps = 0;

  bool trains() const { return epochs > 0 || steps > 0; }
};

// Searches in options.out, which other processes may share, and finishes with what has been found. Throws Error for
// options that contradict each other, and before any work.
void search_mixed(const MixedOptions& options, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline
