// ingot quantize: a classifier in another number format, after training or by training on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pipeline/run.h"
#include "pipeline/training.h"

namespace ingot::pipeline {

struct QuantizeOptions : TrainingOptions {
  QuantizeOptions() {
    epochs = 0;
    learning_rate = 3e-4;
    length = 0;
  }
  std::string format = "fixed";
  int width = 8;
  std::string frac = "calibrated";
  std::string per = "channel";
  std::string method = "mse";
  double percentile = 99.9;
  std::int64_t calibration_texts = 256;
  bool embeddings = false;
  int outputs = 0;
  bool integer_only = false;
  std::string weight_format = "8", embedding_format = "8";  // with integer_only: bits, ternary or binary
  int residual_width = 16;
  bool cheap = false;  // with integer_only: forms of less hardware, and a residual of 12 bits unless it is given
  std::string mode = "standard";
  std::string plan;
  bool clipped_ste = false;
  bool learn_scales = false;
  std::string freeze;
  std::int64_t validation = -1;
};

// Gives a classifier number formats, calibrated and perhaps trained on, evaluates it and saves it in options.out/best.
// Holds the lock of options.out while it works. Throws Error for wrong options or data before any work.
void quantize_classifier(const QuantizeOptions& options, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline
