// Batches are packed from texts of similar length. Predictions come in the order of batches and are put where their
// texts stand, so that every head measures them in the order of the data.
#include "bert/train/classification.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <limits>
#include <mutex>
#include <numeric>

#include "bert/train/training_batches.h"
#include "engine/autograd/gather.h"
#include "engine/autograd/soft_loss.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/io/json.h"

namespace ingot::bert {
namespace {

// Of a text's tags, those of first tokens that are within the framing.
std::size_t n_words(std::span<const std::int32_t> tags, const data::Framing& framing) {
  const data::Kept kept =
      data::kept_of(tags.size(), static_cast<std::size_t>(framing.length - data::kSpecialTokens), framing.truncation);
  const auto count = [](std::span<const std::int32_t> some) {
    return static_cast<std::size_t>(
        std::count_if(some.begin(), some.end(), [](auto tag) { return tag != kInnerToken; }));
  };
  return count(tags.first(kept.head)) + count(tags.last(kept.tail));
}

// The borders of the rows that a head predicts for each example.
std::vector<std::uint64_t> row_offsets(const Head& head, const Subset& subset, const data::Framing& framing) {
  std::vector<std::uint64_t> offsets{0};
  const std::uint64_t rows = framing.pairs_apart && !subset.part->second_sizes.empty() ? 2 : 1;
  for (const std::size_t example : subset.examples) {
    const bool is_tokens = head.rows == Head::Rows::tokens;
    offsets.push_back(offsets.back() + (is_tokens ? n_words(subset.part->tags_of(example), framing) : rows));
  }
  return offsets;
}

struct PredictedBatch {
  engine::Tensor rows;
  std::vector<std::int32_t> tags, offsets;
  std::int64_t n_tokens = 0;
};
PredictedBatch predict_batch(const Outputs& outputs, data::Batch&& batch, Form form) {
  const engine::NoGradient no_gradient;
  PredictedBatch made{.rows = {}, .tags = batch.tags, .offsets = batch.offsets, .n_tokens = batch.n_tokens()};
  const engine::Variable computed = outputs.of(make_input(std::move(batch)));
  made.rows = form == Form::outputs ? computed.value() : outputs.config->head->predictions(computed).value();
  return made;
}

// What the outputs [rows, n_outputs] predict; each row says it by itself.
std::vector<float> predictions_of(const Head& head, std::vector<float> outputs, std::size_t n_outputs) {
  const engine::NoGradient no_gradient;
  const engine::Shape shape{static_cast<std::int64_t>(outputs.size() / n_outputs),
                            static_cast<std::int64_t>(n_outputs)};
  const engine::Variable made = head.predictions(engine::Variable(engine::Tensor::from(shape, outputs)));
  std::copy_n(made.value().data(), outputs.size(), outputs.data());
  return outputs;
}

// Puts the predictions of a batch where its members are.
void place(const engine::Tensor& rows, std::span<const std::size_t> members, const std::vector<std::int32_t>& tags,
           const std::vector<std::int32_t>& offsets, Predictions& all) {
  const float* from = rows.data();
  const std::size_t n = all.n_outputs;
  if (tags.empty()) {
    for (const std::size_t member : members) {
      const std::size_t count = (all.offsets[member + 1] - all.offsets[member]) * n;
      std::copy_n(from, count, all.values.data() + all.offsets[member] * n);
      from += count;
    }
    return;
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    float* to = all.values.data() + all.offsets[members[i]] * n;
    for (auto token = static_cast<std::size_t>(offsets[i]); token < static_cast<std::size_t>(offsets[i + 1]); ++token) {
      if (tags[token] != kInnerToken) to = std::copy_n(from + token * n, n, to);
    }
  }
}

// The answers of all rows that are predicted, in the order of the texts.
Answered all_answers(const Head& head, const Subset& subset, const data::Framing& framing) {
  Answered all;
  for (std::size_t i = 0; i < subset.examples.size(); ++i) {
    data::Batch batch;
    if (head.rows == Head::Rows::tokens) batch = make_batch(subset, {&i, 1}, framing);
    std::erase(batch.tags, kInnerToken);
    const Answered one = answers_of(head, subset, {&i, 1}, batch);
    all.labels.insert(all.labels.end(), one.labels.begin(), one.labels.end());
    all.numbers.insert(all.numbers.end(), one.numbers.begin(), one.numbers.end());
  }
  return all;
}

// What the mean loss of a batch is over: its texts, or the words that count, each with the weight of its class.
double weight_of(const Head& head, std::span<const std::int32_t> labels, std::span<const float> class_weights) {
  if (class_weights.empty() && head.rows != Head::Rows::tokens) return static_cast<double>(labels.size());
  double sum = 0;
  for (const std::int32_t label : labels) {
    if (label >= 0)
      sum += class_weights.empty() ? 1 : static_cast<double>(class_weights[static_cast<std::size_t>(label)]);
  }
  return sum;
}

void append_example(data::Batch& batch, const TokenPart& part, std::size_t example, const data::Framing& framing) {
  if (part.second_sizes.empty()) {
    data::append_sequence(batch, framing, part.tokens(example), part.tags_of(example), kInnerToken);
  } else if (framing.pairs_apart) {
    data::append_sequence(batch, framing, part.first(example));
    data::append_sequence(batch, framing, part.second(example));
  } else {
    data::append_pair(batch, framing, part.first(example), part.second(example));
  }
}

// A batch with a teacher. Members below the number of training texts are these, the others unlabelled ones.
struct LessonBatch {
  data::Batch batch;
  std::vector<std::uint8_t> answered;  // whether each text has an answer
  // Where the teacher's outputs teach, of all texts: unlabelled ones have -1 and zeros. Else of answered texts.
  Answered answers;
  std::vector<float> outputs;
};
LessonBatch lesson_batch(const Head& head, const Subset& training, const Teaching& teaching,
                         std::span<const std::size_t> members, const data::Framing& framing) {
  LessonBatch made;
  const std::size_t n = training.examples.size();
  const std::size_t n_outputs = teaching.outputs.size() / (n + teaching.unlabelled.examples.size());
  const std::size_t n_numbers = training.part->numbers_of(0).size();
  for (const std::size_t member : members) {
    const bool own = member < n;
    const Subset& subset = own ? training : teaching.unlabelled;
    const std::size_t example = subset.examples[own ? member : member - n];
    append_example(made.batch, *subset.part, example, framing);
    made.answered.push_back(own ? 1 : 0);
    if (!own && teaching.weight == 0) continue;
    made.answers.labels.push_back(own ? training.part->labels[example] : data::kUnlabelled);
    for (std::size_t i = 0; i < n_numbers; ++i)
      made.answers.numbers.push_back(own ? training.part->numbers_of(example)[i] : 0);
    const std::span<const float> said = std::span(teaching.outputs).subspan(member * n_outputs, n_outputs);
    made.outputs.insert(made.outputs.end(), said.begin(), said.end());
  }
  if (head.rows == Head::Rows::tokens) {
    made.batch.tags.resize(made.batch.ids.size(), kInnerToken);  // unlabelled texts bring none
    made.answers.labels = made.batch.tags;
  }
  return made;
}

// The head's own loss, of the texts that have answers. 0 if none has.
engine::Variable answered_loss(const Head& head, const engine::Variable& outputs, const LessonBatch& made,
                               const Targets& targets) {
  const auto labels = targets.labels;
  std::vector<std::int32_t> rows;
  if (head.rows == Head::Rows::tokens) {
    if (std::any_of(labels.begin(), labels.end(), [](std::int32_t label) { return label >= 0; }))
      return head.loss(outputs, targets);
  } else {
    const auto each = static_cast<std::size_t>(outputs.value().n_rows()) / made.answered.size();
    for (std::size_t row = 0; row < each * made.answered.size(); ++row)
      if (made.answered[row / each] != 0) rows.push_back(static_cast<std::int32_t>(row));
  }
  if (rows.empty()) return engine::Variable(engine::Tensor::zeros({1}));
  return head.loss(engine::select_rows(outputs, std::move(rows)), targets);
}

// What the parts of a loss are means over: texts, what the head's own loss counts, tokens.
struct Counts {
  double texts = 0, own = 0, tokens = 0;
};

// Of each text.
std::vector<Counts> counts_of(const Head& head, const Subset& training, const std::vector<std::uint32_t>& lengths,
                              const data::Framing& framing, std::span<const float> class_weights) {
  std::vector<Counts> all;
  for (std::size_t member = 0; member < lengths.size(); ++member) {
    Counts& counts = all.emplace_back(Counts{.texts = 1, .tokens = static_cast<double>(lengths[member])});
    if (member >= training.examples.size()) continue;
    data::Batch batch;
    if (head.rows == Head::Rows::tokens) batch = make_batch(training, {&member, 1}, framing);
    counts.own = weight_of(head, answers_of(head, training, {&member, 1}, batch).labels, class_weights);
  }
  return all;
}

Counts sum_of(const std::vector<Counts>& all, std::span<const std::size_t> members) {
  Counts sum;
  for (const std::size_t member : members) {
    sum.texts += all[member].texts;
    sum.own += all[member].own;
    sum.tokens += all[member].tokens;
  }
  return sum;
}

// `shard` of `step`: a step counts its shards by their texts, and what is a mean over something else is scaled so that
// the step has the mean over all of that.
StepResult taught_step(const Model& model, LessonBatch made, const ClassificationOptions& options, const Counts& shard,
                       const Counts& step, engine::DropoutStreams& streams) {
  const Head& head = *model.config.head;
  const Teaching& teaching = *options.teaching;
  const Input input = make_input(std::move(made.batch));
  EncoderStates states;
  const engine::Variable hidden = model.encode(input, streams, teaching.imitation ? &states : nullptr);
  const engine::Variable outputs = model.outputs(hidden, input, streams);
  Targets targets = made.answers.targets();
  targets.class_weights = options.class_weights;
  targets.label_smoothing = options.label_smoothing;
  const Lesson lesson{.outputs = made.outputs, .weight = teaching.weight, .temperature = teaching.temperature};
  const double others = step.texts / shard.texts;
  engine::Variable loss = teaching.weight > 0 ? head.lesson(outputs, targets, lesson, made.answered)
                                              : answered_loss(head, outputs, made, targets);
  if (teaching.weight == 0 && shard.own > 0)
    loss = engine::scaled(loss, static_cast<float>(shard.own / step.own * others));
  if (teaching.imitation)
    loss = with_imitation(loss, *teaching.imitation, states, input, shard.tokens / step.tokens * others);
  return {loss, static_cast<std::int64_t>(input.ids.size()), shard.texts};
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

std::vector<std::uint32_t> Subset::lengths(const data::Framing& framing) const {
  std::vector<std::uint32_t> all;
  all.reserve(examples.size());
  const auto limited = [&](std::int64_t length) {
    return static_cast<std::uint32_t>(std::min(framing.length, length));
  };
  for (const std::size_t i : examples) {
    const std::size_t n = part->tokens(i).size(), second = part->n_second(i);
    if (part->second_sizes.empty()) {
      all.push_back(limited(data::framed_length(n)));
    } else if (framing.pairs_apart) {
      all.push_back(limited(data::framed_length(n - second)) + limited(data::framed_length(second)));
    } else {
      all.push_back(limited(data::framed_length_of_pair(n)));
    }
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
  for (const std::size_t member : members) append_example(batch, *subset.part, subset.examples[member], framing);
  return batch;
}

Answered answers_of(const Head& head, const Subset& subset, std::span<const std::size_t> members,
                    const data::Batch& batch) {
  Answered answered;
  if (head.rows == Head::Rows::tokens) {
    answered.labels = batch.tags;
    return answered;
  }
  for (const std::size_t member : members) {
    const std::size_t example = subset.examples[member];
    answered.labels.push_back(subset.part->labels[example]);
    const std::span<const float> numbers = subset.part->numbers_of(example);
    answered.numbers.insert(answered.numbers.end(), numbers.begin(), numbers.end());
  }
  return answered;
}

Outputs outputs_of(const Model& model) {
  const auto of = [&model](const Input& input) {
    engine::DropoutStreams off;
    return model.outputs(model.encode(input, off), input, off);
  };
  return {.config = &model.config, .of = of, .side_by_side = true};
}

// Of a batch that a thread takes through the whole model: what layers hand on stays in the second-level cache.
constexpr std::uint64_t kNearTokens = 384;

Predictions predict(const Outputs& outputs, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t, std::int64_t)>& progress, Form form) {
  const engine::NoGradient no_gradient;
  Predictions all{.n_outputs = 0, .values = {}, .offsets = row_offsets(*outputs.config->head, subset, framing)};
  std::int64_t n_done = 0, n_tokens = 0;
  const std::vector<std::vector<std::size_t>> batches =
      data::evaluation_order(subset.lengths(framing), batch_size,
                             outputs.side_by_side ? kNearTokens : std::numeric_limits<std::uint64_t>::max());
  std::mutex mutex;  // of what follows
  const auto add = [&](const std::vector<std::size_t>& members) {
    const PredictedBatch made = predict_batch(outputs, make_batch(subset, members, framing), form);
    const std::lock_guard lock(mutex);
    if (n_done == 0) {
      all.n_outputs = static_cast<std::size_t>(made.rows.columns());
      all.values.resize(all.offsets.back() * all.n_outputs);
    }
    place(made.rows, members, made.tags, made.offsets, all);
    n_done += static_cast<std::int64_t>(members.size());
    n_tokens += made.n_tokens;
    if (progress) progress(n_done, n_tokens);
  };
  if (outputs.side_by_side) {  // each batch goes through the whole model by itself
    engine::parallel_groups(static_cast<std::int64_t>(batches.size()),
                            [&](std::int64_t i) { add(batches[static_cast<std::size_t>(i)]); });
  } else {
    for (const std::vector<std::size_t>& members : batches) add(members);
  }
  return all;
}

Predictions predict(const Outputs& outputs, std::span<const std::span<const std::int32_t>> texts,
                    const data::Framing& framing, std::int64_t batch_size) {
  std::vector<std::uint64_t> offsets{0};
  std::vector<std::int32_t> ids;
  for (const auto& text : texts) {
    ids.insert(ids.end(), text.begin(), text.end());
    offsets.push_back(ids.size());
  }
  const std::vector<std::int32_t> labels(texts.size(), data::kUnlabelled);
  const TokenPart part{.offsets = offsets, .ids = ids, .labels = labels};
  return predict(outputs, Subset::all(part), framing, batch_size);
}

Evaluation evaluate(const Model& model, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t, std::int64_t)>& progress) {
  return evaluate(outputs_of(model), subset, framing, batch_size, progress);
}

Evaluation evaluate(const Outputs& outputs, const Subset& subset, const data::Framing& framing, std::int64_t batch_size,
                    const std::function<void(std::int64_t, std::int64_t)>& progress, Predictions* computed) {
  const std::size_t n = subset.examples.size();
  engine::require(n > 0, "evaluate: there are no examples");
  const auto begin = std::chrono::steady_clock::now();
  Evaluation evaluation;
  Predictions predictions = predict(
      outputs, subset, framing, batch_size,
      [&](std::int64_t done, std::int64_t n_tokens) {
        evaluation.n_tokens = n_tokens;
        if (progress) progress(done, static_cast<std::int64_t>(n));
      },
      Form::outputs);
  if (computed != nullptr) *computed = predictions;
  predictions.values = predictions_of(*outputs.config->head, std::move(predictions.values), predictions.n_outputs);
  evaluation.n = static_cast<std::int64_t>(n);
  const Answered answered = all_answers(*outputs.config->head, subset, framing);
  Targets targets = answered.targets();
  targets.texts = predictions.offsets;
  assert(outputs.config->head->measure != nullptr);
  outputs.config->head->measure(*outputs.config, predictions.values, targets, evaluation);
  evaluation.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return evaluation;
}

double first_metric(const Model& model, const Evaluation& evaluation) {
  return model.config.head->metrics.front().value(evaluation);
}

Job classification_job(Model& model, const Subset& training, const Subset& validation, const data::Framing& framing,
                       std::int64_t batch_size, std::uint64_t seed, const ClassificationOptions& options) {
  const Head& head = *model.config.head;
  const Metric& best_by = options.best_by == nullptr ? head.metrics.front() : *options.best_by;
  engine::require(options.label_smoothing == 0 || head.smooths_labels,
                  "--label-smoothing: is about tasks that choose one of several labels, the task is {}", head.task);
  engine::require(options.shards == 1 || !head.compares_texts,
                  "--shards: the loss of the task {} compares the texts of a batch, which must be one shard, got {}",
                  head.task, options.shards);
  const Teaching* const teaching = options.teaching;
  engine::require(teaching == nullptr || teaching->weight == 0 || head.lesson != nullptr,
                  "--teacher: cannot teach the task {}", head.task);
  std::vector<std::uint32_t> all_lengths = training.lengths(framing);
  if (teaching != nullptr && teaching->unlabelled.part != nullptr) {
    const std::vector<std::uint32_t> more = teaching->unlabelled.lengths(framing);
    all_lengths.insert(all_lengths.end(), more.begin(), more.end());
  }
  std::vector<Counts> counts;
  if (teaching != nullptr) counts = counts_of(head, training, all_lengths, framing, options.class_weights);
  auto batches = std::make_shared<TrainingBatches>(std::move(all_lengths), batch_size, options.shards, seed);
  Job job{.name = "train", .batches_per_epoch = batches->per_epoch(), .shards = options.shards};
  if (teaching != nullptr) job.accumulate = options.accumulate;
  job.step = [=, &model, &training, &head](std::int64_t epoch, std::int64_t index, engine::DropoutStreams& streams) {
    const std::vector<std::size_t> members = batches->shard(epoch, index);
    if (members.empty()) return StepResult{.weight = 0};
    if (teaching != nullptr) {
      const std::int64_t n = options.accumulate * options.shards, begin = index / n * n;
      Counts step;
      for (std::int64_t i = begin; i < std::min(begin + n, batches->per_epoch() * options.shards); ++i) {
        const Counts one = sum_of(counts, batches->shard(epoch, i));
        step = {step.texts + one.texts, step.own + one.own, step.tokens + one.tokens};
      }
      return taught_step(model, lesson_batch(head, training, *teaching, members, framing), options,
                         sum_of(counts, members), step, streams);
    }
    data::Batch batch = make_batch(training, members, framing);
    const Answered answered = answers_of(head, training, members, batch);
    const double weight = weight_of(head, answered.labels, options.class_weights);
    if (weight == 0 && options.shards > 1) return StepResult{.weight = 0};  // words without tags
    const Input input = make_input(std::move(batch));
    const engine::Variable outputs = model.outputs(model.encode(input, streams), input, streams);
    Targets targets = answered.targets();
    targets.class_weights = options.class_weights;
    targets.label_smoothing = options.label_smoothing;
    const engine::Variable loss = head.loss(outputs, targets);
    return StepResult{loss, static_cast<std::int64_t>(input.ids.size()), weight};
  };
  job.validate = [=, &model, &validation, &head, &best_by] {
    const Evaluation e = evaluate(model, validation, framing, batch_size);
    engine::Json scores{{"score", score(e, best_by)}};
    for (const Metric& metric : head.metrics) scores[fmt::format("validation_{}", metric.name)] = metric.value(e);
    return scores;
  };
  if (teaching != nullptr && teaching->imitation && teaching->imitation->projection.defined()) {
    const engine::Variable& projection = teaching->imitation->projection;
    job.parameters.push_back({.parameters = {{"teacher_projection", projection}}});
    job.state.push_back({"teacher_projection", projection.value()});
  }
  return job;
}

}  // namespace ingot::bert
