// Fine-tuning and evaluating a classifier on a tokenized corpus.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bert/class_scores.h"
#include "bert/model.h"
#include "bert/tokenizers/token_cache.h"
#include "bert/trainer.h"
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

// Logits [n_sequences, n_labels] of a batch.
using Logits = std::function<engine::Variable(const Input&)>;

// Those of a model, to which a reference is kept.
Logits logits_of(const Model& model);

// Probabilities [n, n_labels] for n token sequences, in their order.
std::vector<float> predict(const Logits& logits, std::span<const std::span<const std::int32_t>> texts,
                           const data::Framing& framing, std::int64_t batch_size);

struct Evaluation {
  std::int64_t n = 0;
  double accuracy = 0;
  double macro_f1 = 0;  // mean over the labels that occur of 2 TP / (2 TP + FP + FN)
  double loss = 0;      // mean cross entropy
  std::int64_t n_tokens = 0;
  double seconds = 0;
  std::vector<std::int32_t> predictions;  // in the order of subset.examples
  ClassScores scores;
};

// progress(done, total) is called after each batch.
Evaluation evaluate(const Logits& logits, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t, std::int64_t)>& progress = {});
Evaluation evaluate(const Model& model, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t, std::int64_t)>& progress = {});

// What makes a checkpoint the best one: the highest accuracy or macro F1, or the lowest loss, of the validation.
enum class BestBy { accuracy, f1, loss };
inline constexpr const char* kBestBy[] = {"accuracy", "f1", "loss"};  // in their order
BestBy best_by_from_name(const std::string& name);                    // throws Error for another name

struct ClassificationOptions {
  BestBy best_by = BestBy::accuracy;
  std::vector<float> class_weights{};  // of the training loss, by label; empty: all the same
};

// The training job: cross entropy on `training`, validated on `validation` after each epoch. References are kept: model
// and subsets outlive the job.
Job classification_job(Model& model, const Subset& training, const Subset& validation, const data::Framing& framing,
                       std::int64_t batch_size, std::uint64_t seed, const ClassificationOptions& options = {});

}  // namespace ingot::bert
