// ingot pretrain: masked language modelling on all training texts, labelled or not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pipeline/run.h"
#include "pipeline/training.h"

namespace ingot::pipeline {

// What sets pretraining apart from `train`, chosen on IMDb by the validation accuracy after fine-tuning. Tiny models
// learn more from masking half of a text than from BERT's 15% (cf. Wettig et al. 2023).
struct PretrainOptions : TrainingOptions {
  PretrainOptions() {
    epochs = 3;
    learning_rate = 3e-3;
    batch = 64;
    length = 128;
    truncation = kSplit;
    weight_decay = 0.1;
    beta2 = 0.999;
  }
  double masked = 0.5;
};

// Learns to predict masked tokens of all training texts, and saves the best epoch in options.out/best. Holds
// the lock of options.out while it works. Throws Error for wrong options or data before any work.
void pretrain(const PretrainOptions& options, const Run& run, const Finish& finish);

}  // namespace ingot::pipeline
