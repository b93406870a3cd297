// ingot search nas: sizes of a BERT, and which of its square Linear layers are left out.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/searches/model_search.h"
#include "pipeline/train.h"

namespace ingot::pipeline {

struct NasOptions : TrainingOptions, ModelSearchOptions {
  NasOptions() {  // as train does
    truncation = TrainOptions().truncation;
    weight_decay = TrainOptions().weight_decay;
  }
  std::string layers = "2,4,8", heads = "2,4,8,16", hidden = "128,192,256,384,512", ffn = "512,768,1024,1536,2048";
  std::string identity;  // of Linear layers: each, role, never; empty: each, for a grid role
  std::int64_t steps = 0, max_parameters = 0;
  std::string format;  // empty: nothing is quantised
  bool embeddings = false;
  double sparsity = 0;
  std::int64_t calibration_texts = 256, fine_tune_epochs = 0, fine_tune_steps = 0;
  double fine_tune_rate = 3e-4;

  bool compresses() const { return !format.empty() || sparsity > 0; }
  bool fine_tunes() const { return fine_tune_epochs > 0 || fine_tune_steps > 0; }
};

// Searches in options.out, which other processes may share, and finishes with what has been found. Throws Error for
// options that contradict each other, and before any work.
void search_nas(const NasOptions& options, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline
