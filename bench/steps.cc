#include "bench/steps.h"

#include <algorithm>
#include <numeric>

#include "bert/structure.h"
#include "engine/autograd/loss.h"
#include "engine/base/rng.h"

namespace ingot::bench {
namespace {

bert::Config config(const char* model, std::int64_t vocab_size, float dropout) {
  bert::Config c = bert::named_config(model);
  c.hidden_dropout_prob = c.attention_probs_dropout_prob = dropout;
  c.vocab_size = vocab_size;
  c.label_names = {"neg", "pos"};
  return c;
}

// Sequences [begin, end) of an input whose sequences all have this length.
bert::Input part_of(const bert::Input& whole, std::int64_t length, std::int64_t begin, std::int64_t end) {
  const auto cut = [&](const std::vector<std::int32_t>& all) {
    return std::vector<std::int32_t>(all.begin() + begin * length, all.begin() + end * length);
  };
  auto sequences = std::make_shared<engine::Sequences>();
  for (std::int64_t i = 0; i <= end - begin; ++i) sequences->offsets.push_back(static_cast<std::int32_t>(i * length));
  return {.ids = cut(whole.ids),
          .positions = cut(whole.positions),
          .token_types = cut(whole.token_types),
          .sequences = std::move(sequences)};
}

std::vector<bert::Input> shards_of(const bert::Input& whole, const StepShape& shape) {
  const std::int64_t n = std::min<std::int64_t>(shape.batch, 8);
  std::vector<bert::Input> shards;
  for (std::int64_t i = 0; i < n; ++i)
    shards.push_back(part_of(whole, shape.length, i * shape.batch / n, (i + 1) * shape.batch / n));
  return shards;
}

std::vector<engine::Variable> variables_of(const bert::Model& model) {
  std::vector<engine::Variable> variables;
  for (const engine::Parameter& p : model.parameters()) variables.push_back(p.variable);
  return variables;
}

bert::Input input_of(const StepShape& shape, std::int64_t vocab_size) {
  engine::Rng rng(1);
  bert::Input input;
  auto sequences = std::make_shared<engine::Sequences>();
  for (std::int64_t i = 0; i < shape.batch * shape.length; ++i) {
    if (i % shape.length == 0) sequences->offsets.push_back(static_cast<std::int32_t>(i));
    input.ids.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(vocab_size))));
    input.positions.push_back(static_cast<std::int32_t>(i % shape.length));
    input.token_types.push_back(0);
  }
  sequences->offsets.push_back(static_cast<std::int32_t>(shape.batch * shape.length));
  input.sequences = std::move(sequences);
  return input;
}

}  // namespace

BertSteps::BertSteps(StepShape shape, std::int64_t vocab_size, float dropout)
    : shape_(shape),
      model_(bert::make_model(config(shape.model, vocab_size, dropout), 1)),
      input_(input_of(shape, vocab_size)),
      labels_(static_cast<std::size_t>(shape.batch), 1),
      optimizer_(engine::decay_matrices(model_.parameters(), 0.01f)),
      shard_inputs_(shards_of(input_, shape)),
      shards_(variables_of(model_), static_cast<std::int64_t>(shard_inputs_.size())) {}

float BertSteps::train() {
  optimizer_.clear_gradients();
  std::vector<float> losses(shard_inputs_.size());
  const std::uint64_t first = n_steps_++ * shard_inputs_.size();
  shards_.run([&](std::int64_t shard) {
    const bert::Input& input = shard_inputs_[static_cast<std::size_t>(shard)];
    engine::DropoutStreams streams(1, first + static_cast<std::uint64_t>(shard));
    const auto n_texts = static_cast<std::int64_t>(input.sequences->offsets.size()) - 1;
    const engine::Variable loss = engine::cross_entropy(model_.outputs(model_.encode(input, streams), input, streams),
                                                        std::span(labels_).first(static_cast<std::size_t>(n_texts)));
    losses[static_cast<std::size_t>(shard)] = loss.value().data()[0] * static_cast<float>(n_texts);
    engine::backward(loss, engine::Tensor::full({1}, static_cast<float>(n_texts)));
  });
  const auto n = static_cast<float>(shape_.batch);
  shards_.add_up(1 / n);
  optimizer_.step(1e-4f, optimizer_.gradient_norm(), 1.0);
  return std::accumulate(losses.begin(), losses.end(), 0.0f) / n;
}

float BertSteps::infer() {
  const engine::NoGradient off;
  engine::DropoutStreams streams;
  return model_.outputs(model_.encode(input_, streams), input_, streams).value().data()[0];
}

double BertSteps::flops(bool training) const {
  const bert::Config& c = model_.config;
  std::int64_t weights = 0;  // of the encoder's Linears
  for (const bert::Part& part : bert::parts(c)) weights += part.layer >= 0 ? part.n_in * part.n_out : 0;
  const auto attention = static_cast<double>(c.num_hidden_layers * 4 * shape_.length * c.hidden_size);
  const double per_token = 2 * static_cast<double>(weights) + attention;
  return static_cast<double>(n_tokens()) * per_token * (training ? 3 : 1);
}

}  // namespace ingot::bench
