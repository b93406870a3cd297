// Fine-tunes and evaluates a model that answers for whole texts, on a tokenized corpus: batches, predictions, scores,
// the training job. The row of the model's head (bert/head.h) says how outputs are computed, scored and learned.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bert/evaluation.h"
#include "bert/head.h"
#include "bert/model.h"
#include "bert/tokenizers/token_cache.h"
#include "bert/train/trainer.h"
#include "data/batches.h"

namespace ingot::bert {

// Some examples of a part of a corpus.
struct Subset {
  const TokenPart* part = nullptr;
  std::vector<std::size_t> examples;  // indices into the part

  static Subset all(const TokenPart& part);
  std::vector<std::uint32_t> lengths(std::int64_t limit) const;  // of the sequences, framed and truncated
};

Input make_input(data::Batch&& batch);

// The batch of these members (positions in subset.examples), framed.
data::Batch make_batch(const Subset& subset, std::span<const std::size_t> members, const data::Framing& framing);

// A function that computes the outputs of a head, [n_sequences, n_outputs] for a batch.
struct Outputs {
  const Head* head = nullptr;
  std::function<engine::Variable(const Input&)> of;
};

// The outputs of a model. Keeps a reference to the model.
Outputs outputs_of(const Model& model);

// Predictions [n, n_outputs] for n token sequences, in their order: probabilities of a classifier.
std::vector<float> predict(const Outputs& outputs, std::span<const std::span<const std::int32_t>> texts,
                           const data::Framing& framing, std::int64_t batch_size);

// Scores of the predictions for all texts of the subset. Calls progress(done, total), in texts, after each batch.
Evaluation evaluate(const Outputs& outputs, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t, std::int64_t)>& progress = {});
Evaluation evaluate(const Model& model, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t, std::int64_t)>& progress = {});

struct ClassificationOptions {
  const Metric* best_by = nullptr;     // metric that chooses the best model; null: the head's first
  std::vector<float> class_weights{};  // of the training loss, by label; empty: all the same
  double label_smoothing = 0;          // of the training loss; of heads with smooths_labels
};

// The training job: the head's loss on `training`, validated on `validation`. References are kept: model and subsets
// outlive the job. Throws Error for a label_smoothing that the head's loss does not have.
Job classification_job(Model& model, const Subset& training, const Subset& validation, const data::Framing& framing,
                       std::int64_t batch_size, std::uint64_t seed, const ClassificationOptions& options = {});

}  // namespace ingot::bert
