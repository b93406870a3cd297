// Fine-tunes and evaluates a model on a tokenized corpus: batches, predictions, scores, the training job. The row of
// the model's head (bert/head.h) says how outputs are computed, scored and learned.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bert/evaluation.h"
#include "bert/head.h"
#include "bert/model.h"
#include "bert/tokenizers/token_cache.h"
#include "bert/train/imitation.h"
#include "bert/train/trainer.h"
#include "data/batches.h"

namespace ingot::bert {

// Some examples of a part of a corpus.
struct Subset {
  const TokenPart* part = nullptr;
  std::vector<std::size_t> examples;  // indices into the part

  static Subset all(const TokenPart& part);
  // Tokens that each example has in a batch, framed and truncated.
  std::vector<std::uint32_t> lengths(const data::Framing& framing) const;
};

Input make_input(data::Batch&& batch);

// The batch of these members (positions in subset.examples), framed. Of tokens that are tagged, special ones have the
// tag kInnerToken.
data::Batch make_batch(const Subset& subset, std::span<const std::size_t> members, const data::Framing& framing);

// A function that computes the outputs of the head of a model, [rows, n_outputs] for a batch.
struct Outputs {
  const Config* config = nullptr;
  std::function<engine::Variable(const Input&)> of;
  bool side_by_side = false;  // whether several threads may call it at a time
};

// The outputs of a model. Keeps a reference to the model.
Outputs outputs_of(const Model& model);

// What a head predicts for texts, in their order.
struct Predictions {
  std::size_t n_outputs = 0;
  std::vector<float> values;           // [rows, n_outputs]: probabilities of a classifier
  std::vector<std::uint64_t> offsets;  // [n + 1] border of the rows of each text

  std::size_t size() const { return offsets.size() - 1; }
  // Of one text: a row for it; for each side of a pair whose sides are apart; or for each word that is not truncated.
  std::span<const float> of(std::size_t text) const {
    return std::span(values).subspan(offsets[text] * n_outputs, (offsets[text + 1] - offsets[text]) * n_outputs);
  }
};
enum class Form { predictions, outputs };  // as Head::predictions makes them; as the head computes them
Predictions predict(const Outputs& outputs, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t done, std::int64_t n_tokens)>& progress = {},
                    Form form = Form::predictions);

// The same for n single texts as token ids.
Predictions predict(const Outputs& outputs, std::span<const std::span<const std::int32_t>> texts,
                    const data::Framing& framing, std::int64_t batch_size);

// What the outputs for some examples should be, by the answers in their corpus.
struct Answered {
  std::vector<std::int32_t> labels;
  std::vector<float> numbers;

  Targets targets() const { return {.labels = labels, .numbers = numbers}; }
};
// Of the rows that the head computes for a batch of these members.
Answered answers_of(const Head& head, const Subset& subset, std::span<const std::size_t> members,
                    const data::Batch& batch);

// Scores of the predictions for all texts of the subset. Calls progress(done, total), in texts, after each batch.
// `computed`, if not null, becomes what the head computed for them: Form::outputs.
Evaluation evaluate(const Outputs& outputs, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t, std::int64_t)>& progress = {},
                    Predictions* computed = nullptr);
Evaluation evaluate(const Model& model, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t, std::int64_t)>& progress = {});

// The metric of the model's head that comes first: how good the model is, in a number.
double first_metric(const Model& model, const Evaluation& evaluation);

// What a teacher teaches, on the training texts and on texts without answers that are learned from with them.
struct Teaching {
  Subset unlabelled{};         // texts beside the training texts; its part may be null
  std::vector<float> outputs;  // [training texts and unlabelled ones, n_outputs]; not used where the weight is 0
  double weight = 0.5, temperature = 1;  // Lesson. With a weight of 0 texts without answers have `imitation` alone
  std::optional<Imitation> imitation{};
};

struct ClassificationOptions {
  const Metric* best_by = nullptr;     // metric that chooses the best model; null: the head's first
  std::vector<float> class_weights{};  // of the training loss, by label; empty: all the same. For heads with labels
  double label_smoothing = 0;          // of the training loss; of heads with smooths_labels
  const Teaching* teaching = nullptr;  // a reference is kept; of heads with a lesson, or with a weight of 0
  std::int64_t shards = 1;             // of a batch (engine/autograd/shards.h); 1 for a head that compares_texts
  std::int64_t accumulate = 1;         // batches a step, as TrainerOptions has it; with `teaching` alone it matters
};

// The training job: the head's loss on `training`, validated on `validation`. References are kept: model and subsets
// outlive the job. Throws Error for a label_smoothing that the head's loss does not have.
Job classification_job(Model& model, const Subset& training, const Subset& validation, const data::Framing& framing,
                       std::int64_t batch_size, std::uint64_t seed, const ClassificationOptions& options = {});

}  // namespace ingot::bert
