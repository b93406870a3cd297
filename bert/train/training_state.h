// What a training run needs to go on where it stopped: one file, written atomically.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "bert/train/trainer.h"
#include "engine/optim/adamw.h"

namespace ingot::bert {

struct TrainingProgress {
  std::int64_t step = 0;  // steps done
  double best_score = 0;
  std::int64_t best_step = -1;        // -1: no validation yet
  std::int64_t n_without_better = 0;  // validations since the best one; counted only where patience can end
  double loss_sum = 0;                // since the last line of metrics.jsonl
  std::int64_t loss_count = 0;
  std::int64_t metrics_bytes = 0;  // of metrics.jsonl that belong to these steps
};

// Weights, moments, the job's own tensors and progress as safetensors.
void save_training_state(const std::filesystem::path& path, const std::string& identity,
                         std::span<const engine::Parameter> weights, const engine::AdamW& optimizer,
                         std::span<const NamedTensor> own, const TrainingProgress& progress);

// Puts the saved weights, moments and tensors into `weights`, optimizer and `own`. Throws Error if the state was made
// by a run with another identity or model.
TrainingProgress load_training_state(const std::filesystem::path& path, const std::string& identity,
                                     std::span<const engine::Parameter> weights, engine::AdamW& optimizer,
                                     std::span<const NamedTensor> own);

}  // namespace ingot::bert
