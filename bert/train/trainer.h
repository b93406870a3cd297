// The training loop: steps, schedule, logs, checkpoints, resumption. It knows parameters and a loss; the model, the
// texts and what is asked of them come in as a Job.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/io/json.h"
#include "engine/nn/module.h"
#include "engine/optim/adamw.h"
#include "engine/optim/schedule.h"

namespace ingot::bert {

struct TrainerOptions {
  std::int64_t n_epochs = 1;
  std::int64_t max_steps = 0;   // steps of the run, however many epochs that takes; 0: n_epochs counts
  std::int64_t accumulate = 1;  // batches a step; they do not reach into the next epoch
  std::int64_t eval_every = 0;  // steps between two validations; 0: one after each epoch
  std::int64_t patience = 0;    // validations in a row without a better score after which the run ends; 0: none
  double learning_rate = 1e-3;  // at the peak
  double warm_up = 0.1;         // share of all steps
  engine::Decay decay = engine::Decay::linear;
  double weight_decay = 0.01;    // on matrices
  double beta2 = 0.999;          // of AdamW
  bool lazy_embeddings = false;  // AdamWOptions::lazy_rows
  double clip_norm = 1.0;        // 0: no clipping
  std::uint64_t seed = 1;
  std::int64_t save_every = 200;  // steps between two states to resume from
  bool resume = false;
  bool tensorboard = false;   // an event file beside metrics.jsonl
  std::filesystem::path out;  // gets metrics.jsonl, training.safetensors, best/, last/
  std::string identity;       // of everything that shapes the result: a state with another one is not resumed
};

// Thrown when the loss or a gradient is not finite. A type of its own, since the training itself failed, and not a file
// or the machine.
struct Diverged : engine::Failure {
  using engine::Failure::Failure;
};

struct StepResult {
  engine::Variable loss;  // a mean
  std::int64_t n_tokens = 0;
  // What the mean is over: the texts, or the sum of their weights. The shards of a step count by it; with 0, and no
  // loss, there was nothing to learn.
  double weight = 1;
};

struct NamedTensor {
  std::string name;
  engine::Tensor tensor;
};

struct Job {
  std::string name;  // for progress lines
  std::int64_t batches_per_epoch = 0;
  std::int64_t shards = 1;      // of a batch
  std::int64_t accumulate = 0;  // batches a step that the losses are made for; 0: any number
  // Loss of one shard; a pure function of its arguments and the weights. Shard s of batch b of the epoch has the index
  // b * shards + s. Called from several threads at once: the shards of a step are computed side by side.
  std::function<StepResult(std::int64_t epoch, std::int64_t index, engine::DropoutStreams& streams)> step;
  // Called after each epoch or every options.eval_every steps, and after the last step. Returns what to log. A member
  // "score" (higher is better) means that the model may become best/; the last one must have it.
  std::function<engine::Json()> validate;
  // Writes the model, and whatever belongs beside it, into a folder.
  std::function<void(const std::filesystem::path&)> save;
  // Factors on the learning rate, in the order of the model's weights; empty: all 1.
  std::vector<float> rate_factors = {};
  // Optional. Called in each step (0, 1, ...) after its gradients are known and before the update. May change weights,
  // gradients and moments.
  std::function<void(std::int64_t step, const engine::AdamW& optimizer)> before_update = nullptr;
  // Further parameters to learn, beside the model's weights. List their tensors in `state` too; their moments are saved
  // with the others.
  std::vector<engine::ParameterGroup> parameters = {};
  // Tensors that the run changes besides weights and moments. They are saved with the state of the run, and filled when
  // it is resumed; then resumed() is called.
  std::vector<NamedTensor> state = {};
  std::function<void()> resumed = nullptr;
};

struct TrainingOutcome {
  std::int64_t n_steps = 0;
  double best_score = 0;
  std::int64_t best_step = 0;   // steps done when the best score was seen
  std::int64_t n_tokens = 0;    // of this process, not of one that was resumed
  double training_seconds = 0;  // the same, without validation and saving
  bool stopped_early = false;   // for want of a better score
};

// How many steps a run has if it does not stop early: the length of its schedule.
std::int64_t n_steps(const Job& job, const TrainerOptions& options);

// Trains the weights of a model in place and leaves them as of the last step; best/ holds those with the best score.
// The same options give the same bits, for any number of threads, and whether or not the run was resumed.
// Throws Diverged when the loss or the gradient is not finite (what was saved stays), and Interrupted after saving the
// state when the process was asked to stop.
TrainingOutcome train(const std::vector<engine::Parameter>& weights, const Job& job, const TrainerOptions& options);

}  // namespace ingot::bert
