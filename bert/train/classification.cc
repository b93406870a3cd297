// Batches are packed from texts of similar length. Predictions come in the order of batches and are put where their
// texts stand, so that every head measures them in the order of the data.
#include "bert/train/classification.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <numeric>

#include "engine/base/divide.h"
#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::bert {
namespace {

// Calls visit(members, n_tokens, predictions) for each batch of a subset in evaluation order.
template <class Visit>
void for_each_prediction(const Outputs& outputs, const Subset& subset, const data::Framing& framing,
                         std::int64_t batch_size, const Visit& visit) {
  const engine::NoGradient no_gradient;
  for (const auto& members : data::evaluation_order(subset.lengths(framing.length), batch_size)) {
    const Input input = make_input(make_batch(subset, members, framing));
    visit(members, static_cast<std::int64_t>(input.ids.size()), outputs.head->predictions(outputs.of(input)).value());
  }
}

// Puts the rows of a batch where its members are.
void place(const engine::Tensor& rows, std::span<const std::size_t> members, std::size_t n, std::vector<float>& all) {
  const auto n_outputs = static_cast<std::size_t>(rows.columns());
  all.resize(n * n_outputs);
  for (std::size_t i = 0; i < members.size(); ++i)
    std::copy_n(rows.data() + i * n_outputs, n_outputs, all.data() + members[i] * n_outputs);
}

// What the mean loss of a batch is over.
double weight_of(std::span<const std::int32_t> labels, std::span<const float> class_weights) {
  if (class_weights.empty()) return static_cast<double>(labels.size());
  double sum = 0;
  for (const std::int32_t label : labels) sum += static_cast<double>(class_weights[static_cast<std::size_t>(label)]);
  return sum;
}

double score(const Evaluation& e, const Metric& metric) {
  return metric.lower_is_better ? -metric.value(e) : metric.value(e);
}

}  // namespace

Subset Subset::all(const TokenPart& part) {
  Subset subset{&part, std::vector<std::size_t>(part.size())};
  std::iota(subset.examples.begin(), subset.examples.end(), std::size_t{0});
  return subset;
}

std::vector<std::uint32_t> Subset::lengths(std::int64_t limit) const {
  std::vector<std::uint32_t> all;
  all.reserve(examples.size());
  for (const std::size_t i : examples)
    all.push_back(static_cast<std::uint32_t>(std::min(limit, data::framed_length(part->tokens(i).size()))));
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

Outputs outputs_of(const Model& model) {
  return {model.config.head, [&model](const Input& input) {
            engine::DropoutStreams off;
            return model.outputs(model.encode(input, off), input, off);
          }};
}

std::vector<float> predict(const Outputs& outputs, std::span<const std::span<const std::int32_t>> texts,
                           const data::Framing& framing, std::int64_t batch_size) {
  std::vector<std::uint64_t> offsets{0};
  std::vector<std::int32_t> ids;
  for (const auto& text : texts) {
    ids.insert(ids.end(), text.begin(), text.end());
    offsets.push_back(ids.size());
  }
  const std::vector<std::int32_t> labels(texts.size(), data::kUnlabelled);
  const TokenPart part{offsets, ids, labels};
  std::vector<float> predictions;
  for_each_prediction(outputs, Subset::all(part), framing, batch_size,
                      [&](const auto& members, std::int64_t, const engine::Tensor& rows) {
                        place(rows, members, texts.size(), predictions);
                      });
  return predictions;
}

Evaluation evaluate(const Model& model, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t, std::int64_t)>& progress) {
  return evaluate(outputs_of(model), subset, framing, batch_size, progress);
}

Evaluation evaluate(const Outputs& outputs, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t, std::int64_t)>& progress) {
  const std::size_t n = subset.examples.size();
  engine::require(n > 0, "evaluate: there are no examples");
  const auto begin = std::chrono::steady_clock::now();
  Evaluation evaluation;
  std::vector<float> predictions;
  for_each_prediction(outputs, subset, framing, batch_size,
                      [&](const auto& members, std::int64_t n_tokens, const engine::Tensor& rows) {
                        place(rows, members, n, predictions);
                        evaluation.n_tokens += n_tokens;
                        evaluation.n += static_cast<std::int64_t>(members.size());
                        if (progress) progress(evaluation.n, static_cast<std::int64_t>(n));
                      });
  std::vector<std::int32_t> labels;
  for (const std::size_t example : subset.examples) labels.push_back(subset.part->labels[example]);
  assert(outputs.head->measure != nullptr);
  outputs.head->measure(predictions, {.labels = labels}, evaluation);
  evaluation.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return evaluation;
}

Job classification_job(Model& model, const Subset& training, const Subset& validation, const data::Framing& framing,
                       std::int64_t batch_size, std::uint64_t seed, const ClassificationOptions& options) {
  struct Epoch {
    std::int64_t number = -1;
    std::vector<std::vector<std::size_t>> batches;
  };
  const Head& head = *model.config.head;
  const Metric& best_by = options.best_by == nullptr ? head.metrics.front() : *options.best_by;
  engine::require(options.label_smoothing == 0 || head.smooths_labels,
                  "--label-smoothing: is about models that choose one of several labels, which {} does not",
                  architecture(head));
  auto current = std::make_shared<Epoch>();
  auto lengths = std::make_shared<const std::vector<std::uint32_t>>(training.lengths(framing.length));
  Job job{.name = "train"};
  job.batches_per_epoch = engine::ceil_div(static_cast<std::int64_t>(lengths->size()), batch_size);
  job.step = [=, &model, &training, &head](std::int64_t epoch, std::int64_t index, engine::DropoutStreams& streams) {
    if (current->number != epoch) {
      *current = {epoch, data::training_order(*lengths, batch_size, seed, static_cast<std::uint64_t>(epoch))};
    }
    data::Batch batch = make_batch(training, current->batches[static_cast<std::size_t>(index)], framing);
    const std::vector<std::int32_t> labels = batch.labels;
    const Input input = make_input(std::move(batch));
    const engine::Variable outputs = model.outputs(model.encode(input, streams), input, streams);
    const engine::Variable loss = head.loss(
        outputs,
        {.labels = labels, .class_weights = options.class_weights, .label_smoothing = options.label_smoothing});
    return StepResult{loss, static_cast<std::int64_t>(input.ids.size()), weight_of(labels, options.class_weights)};
  };
  job.validate = [=, &model, &validation, &head, &best_by] {
    const Evaluation e = evaluate(model, validation, framing, batch_size);
    engine::Json scores{{"score", score(e, best_by)}};
    for (const Metric& metric : head.metrics) scores[fmt::format("validation_{}", metric.name)] = metric.value(e);
    return scores;
  };
  return job;
}

}  // namespace ingot::bert
