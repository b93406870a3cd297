#include "bert/classification.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "engine/autograd/elementwise.h"
#include "engine/autograd/loss.h"
#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::bert {
namespace {

// Calls visit(batch, probabilities) over a subset in evaluation order.
template <class Visit>
void for_each_prediction(const Logits& logits, const Subset& subset, const data::Framing& framing,
                         std::int64_t batch_size, const Visit& visit) {
  const engine::NoGradient no_gradient;
  for (const auto& members : data::evaluation_order(subset.lengths(framing.length), batch_size)) {
    data::Batch batch = make_batch(subset, members, framing);
    const std::vector<std::int32_t> labels = batch.labels;
    const Input input = make_input(std::move(batch));
    visit(members, labels, static_cast<std::int64_t>(input.ids.size()), engine::softmax(logits(input)).value());
  }
}

double score(const Evaluation& e, BestBy by) {
  switch (by) {
    case BestBy::accuracy:
      return e.accuracy;
    case BestBy::f1:
      return e.macro_f1;
    case BestBy::loss:
      return -e.loss;
  }
  return e.accuracy;
}

}  // namespace

BestBy best_by_from_name(const std::string& name) {
  for (std::size_t i = 0; i < std::size(kBestBy); ++i) {
    if (name == kBestBy[i]) return static_cast<BestBy>(i);
  }
  engine::fail("--best-by: must be one of {}, got '{}'", fmt::join(kBestBy, ", "), name);
}

Subset Subset::all(const TokenPart& part) {
  Subset subset{&part, std::vector<std::size_t>(part.size())};
  std::iota(subset.examples.begin(), subset.examples.end(), std::size_t{0});
  return subset;
}

std::vector<std::uint32_t> Subset::lengths(std::int64_t limit) const {
  std::vector<std::uint32_t> all;
  all.reserve(examples.size());
  for (const std::size_t i : examples) {
    all.push_back(static_cast<std::uint32_t>(
        std::min<std::int64_t>(limit, static_cast<std::int64_t>(part->tokens(i).size()) + 2)));
  }
  return all;
}

Input make_input(data::Batch&& batch) {
  auto sequences = std::make_shared<engine::Sequences>();
  sequences->offsets = std::move(batch.offsets);
  return {.ids = std::move(batch.ids),
          .positions = std::move(batch.positions),
          .token_types = std::move(batch.token_types),
          .sequences = std::move(sequences)};
}

data::Batch make_batch(const Subset& subset, std::span<const std::size_t> members, const data::Framing& framing) {
  data::Batch batch;
  for (const std::size_t member : members) {
    const std::size_t example = subset.examples[member];
    data::append_sequence(batch, framing, subset.part->tokens(example), subset.part->labels[example], example);
  }
  return batch;
}

Logits logits_of(const Model& model) {
  return [&model](const Input& input) {
    engine::DropoutStreams off;
    return model.classify(model.encode(input, off), input, off);
  };
}

std::vector<float> predict(const Logits& logits, std::span<const std::span<const std::int32_t>> texts,
                           const data::Framing& framing, std::int64_t batch_size) {
  std::vector<std::uint64_t> offsets{0};
  std::vector<std::int32_t> ids;
  for (const auto& text : texts) {
    ids.insert(ids.end(), text.begin(), text.end());
    offsets.push_back(ids.size());
  }
  const std::vector<std::int32_t> labels(texts.size(), data::kUnlabelled);
  const TokenPart part{offsets, ids, labels};
  std::vector<float> probabilities;
  for_each_prediction(logits, Subset::all(part), framing, batch_size,
                      [&](const auto& members, const auto&, std::int64_t, const engine::Tensor& rows) {
                        const auto n_labels = static_cast<std::size_t>(rows.columns());
                        probabilities.resize(texts.size() * n_labels);
                        for (std::size_t i = 0; i < members.size(); ++i) {
                          std::copy_n(rows.data() + i * n_labels, n_labels,
                                      probabilities.data() + members[i] * n_labels);
                        }
                      });
  return probabilities;
}

Evaluation evaluate(const Model& model, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t, std::int64_t)>& progress) {
  return evaluate(logits_of(model), subset, framing, batch_size, progress);
}

Evaluation evaluate(const Logits& logits, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t, std::int64_t)>& progress) {
  engine::require(!subset.examples.empty(), "evaluate: there are no examples");
  const auto begin = std::chrono::steady_clock::now();
  Evaluation evaluation;
  std::int64_t n_labels = 0;
  evaluation.predictions.resize(subset.examples.size());
  std::vector<double> losses(subset.examples.size());
  for_each_prediction(logits, subset, framing, batch_size,
                      [&](const auto& members, const auto& labels, std::int64_t n_tokens, const engine::Tensor& rows) {
                        n_labels = rows.columns();
                        for (std::size_t i = 0; i < members.size(); ++i) {
                          const float* row = rows.data() + static_cast<std::int64_t>(i) * n_labels;
                          evaluation.predictions[members[i]] =
                              static_cast<std::int32_t>(std::max_element(row, row + n_labels) - row);
                          losses[members[i]] = -std::log(std::max(row[labels[i]], 1e-30f));
                        }
                        evaluation.n_tokens += n_tokens;
                        evaluation.n += static_cast<std::int64_t>(members.size());
                        if (progress) progress(evaluation.n, static_cast<std::int64_t>(subset.examples.size()));
                      });
  std::vector<std::int32_t> truths;
  for (const std::size_t example : subset.examples) truths.push_back(subset.part->labels[example]);
  std::int64_t n_right = 0;
  for (std::size_t i = 0; i < truths.size(); ++i) n_right += truths[i] == evaluation.predictions[i];
  const auto n = static_cast<double>(evaluation.n);
  evaluation.accuracy = static_cast<double>(n_right) / n;
  evaluation.scores = class_scores(truths, evaluation.predictions, n_labels);
  evaluation.macro_f1 = evaluation.scores.macro_f1();
  evaluation.loss = std::accumulate(losses.begin(), losses.end(), 0.0) / n;
  evaluation.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return evaluation;
}

Job classification_job(Model& model, const Subset& training, const Subset& validation, const data::Framing& framing,
                       std::int64_t batch_size, std::uint64_t seed, const ClassificationOptions& options) {
  struct Epoch {
    std::int64_t number = -1;
    std::vector<std::vector<std::size_t>> batches;
  };
  auto current = std::make_shared<Epoch>();
  auto lengths = std::make_shared<const std::vector<std::uint32_t>>(training.lengths(framing.length));
  Job job{.name = "train"};
  job.steps_per_epoch = (static_cast<std::int64_t>(lengths->size()) + batch_size - 1) / batch_size;
  job.step = [=, &model, &training](std::int64_t epoch, std::int64_t index, engine::DropoutStreams& streams) {
    if (current->number != epoch) {
      *current = {epoch, data::training_order(*lengths, batch_size, seed, static_cast<std::uint64_t>(epoch))};
    }
    data::Batch batch = make_batch(training, current->batches[static_cast<std::size_t>(index)], framing);
    const std::vector<std::int32_t> labels = batch.labels;
    const Input input = make_input(std::move(batch));
    const engine::Variable logits = model.classify(model.encode(input, streams), input, streams);
    const engine::Variable loss = options.class_weights.empty()
                                      ? engine::cross_entropy(logits, labels)
                                      : engine::weighted_cross_entropy(logits, labels, options.class_weights);
    return StepResult{loss, static_cast<std::int64_t>(input.ids.size())};
  };
  job.validate = [=, &model, &validation] {
    const Evaluation e = evaluate(model, validation, framing, batch_size);
    return engine::Json{{"score", score(e, options.best_by)},
                        {"validation_accuracy", e.accuracy},
                        {"validation_f1", e.macro_f1},
                        {"validation_loss", e.loss}};
  };
  return job;
}

}  // namespace ingot::bert
