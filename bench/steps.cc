#include "bench/steps.h"

#include "bert/structure.h"
#include "engine/autograd/loss.h"
#include "engine/base/rng.h"

namespace ingot::bench {
namespace {

bert::Config config(std::int64_t vocab_size, float dropout) {
  bert::Config c = bert::named_config("tiny");
  c.hidden_dropout_prob = c.attention_probs_dropout_prob = dropout;
  c.vocab_size = vocab_size;
  c.label_names = {"neg", "pos"};
  return c;
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
      model_(bert::make_model(config(vocab_size, dropout), 1)),
      input_(input_of(shape, vocab_size)),
      labels_(static_cast<std::size_t>(shape.batch), 1),
      optimizer_(engine::decay_matrices(model_.parameters(), 0.01f)) {}

float BertSteps::train() {
  engine::DropoutStreams streams(1, n_steps_++);
  optimizer_.clear_gradients();
  const engine::Variable loss =
      engine::cross_entropy(model_.outputs(model_.encode(input_, streams), input_, streams), labels_);
  engine::backward(loss);
  optimizer_.step(1e-4f, optimizer_.gradient_norm(), 1.0);
  return loss.value().data()[0];
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
