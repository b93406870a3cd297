#include "compress/lower/integer_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bert/head.h"
#include "compress/effective.h"
#include "engine/autograd/elementwise.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::Activation;
using engine::Tensor;
using engine::Variable;

const IntegerLinear* find(const IntegerProgram& program, const std::string& name) {
  const auto at = std::find_if(program.layers.begin(), program.layers.end(),
                               [&](const IntegerLinear& layer) { return layer.name == name; });
  return at == program.layers.end() ? nullptr : &*at;
}

}  // namespace

bert::Model exact_model(const bert::Model& model, const IntegerProgram& program) {
  bert::Model exact = model;
  for (const auto& [name, linear] : exact.linears()) {
    if (find(program, name) == nullptr) continue;
    auto transforms = std::make_shared<engine::TensorTransforms>();
    if (linear->transforms != nullptr) *transforms = *linear->transforms;
    transforms->sums = engine::Sums::exact;
    linear->transforms = std::move(transforms);
  }
  return exact;
}

IntegerStep::IntegerStep(std::string name, const engine::Linear& linear, const IntegerProgram& program,
                         Activation activation, const IntegerObserver& observer)
    : name_(std::move(name)), linear_(linear), activation_(activation), observer_(observer) {
  const IntegerLinear* lowered = find(program, name_);
  if (lowered == nullptr) return;
  sparse_input_ = lowered->sparse_input;
  const bool changes_output = linear.transforms != nullptr && linear.transforms->output;
  const bool fused = !observer_ && !changes_output;
  unit_.emplace(std::array{lowered}, fused ? activation : Activation::identity);
  plain_ = fused && !sparse_input_;
  if (fused) activation_ = Activation::identity;
}

Tensor IntegerStep::operator()(const Tensor& x) const {
  if (!unit_) return linear_(Variable(x), activation_).value();
  const Tensor from = sparse_input_ ? linear_.transforms->input(Variable(x)).value() : x;
  const std::int64_t rows = from.n_rows();
  Tensor y = Tensor::empty({rows, unit_->n()});
  unit_->multiply(unit_->quantize(rows, from.data(), from.columns()), y.data(), unit_->n());
  if (linear_.transforms != nullptr && linear_.transforms->output) y = linear_.transforms->output(Variable(y)).value();
  if (observer_) observer_(name_, y);
  return activation_ == Activation::identity ? y : engine::activate(Variable(y), activation_).value();
}

IntegerModel::IntegerModel(const bert::Model& model, const IntegerProgram& program, const IntegerObserver& observer)
    : model_(exact_model(model, program)) {
  const bert::Head& head = *model_.config.head;
  engine::require(!head.task.empty(), "integer model: has no task to compute");
  bake_tables(model_);
  for (std::size_t i = 0; i < model_.layers.size(); ++i) layers_.push_back(make_layer(i, program, observer));
  if (model_.config.has_pooler()) replace("bert.pooler.dense", model_.pooler, Activation::tanh, program, observer);
  if (head.parts == nullptr) return;
  for (const bert::Part& part : head.parts(model_.config)) {
    if (const auto linear = model_.head.linears.find(part.name); linear != model_.head.linears.end())
      replace(part.name, linear->second, part.activation, program, observer);
  }
}

void IntegerModel::replace(const std::string& name, engine::Linear& linear, Activation activation,
                           const IntegerProgram& program, const IntegerObserver& observer) {
  const auto step = std::make_shared<const IntegerStep>(name, linear, program, activation, observer);
  head_.push_back(step);
  auto transforms = std::make_shared<engine::TensorTransforms>();
  if (linear.transforms != nullptr) *transforms = *linear.transforms;
  transforms->whole = [step](const Variable& x, Activation) { return Variable((*step)(x.value())); };
  linear.transforms = std::move(transforms);
}

IntegerModel::Layer IntegerModel::make_layer(std::size_t index, const IntegerProgram& program,
                                             const IntegerObserver& observer) const {
  const bert::EncoderLayer& layer = model_.layers[index];
  const std::string prefix = fmt::format("bert.encoder.layer.{}.", index);
  const auto step = [&](const char* name, const engine::Linear& linear, Activation activation = Activation::identity) {
    return IntegerStep(prefix + name, linear, program, activation, observer);
  };
  Layer made{.joined = {},
             .apart = {},
             .attention_output = step("attention.output.dense", layer.attention_output),
             .intermediate = step("intermediate.dense", layer.intermediate, layer.activation),
             .output = step("output.dense", layer.output)};
  const std::array lowered{find(program, prefix + "attention.self.query"), find(program, prefix + "attention.self.key"),
                           find(program, prefix + "attention.self.value")};
  const bool all = std::find(lowered.begin(), lowered.end(), nullptr) == lowered.end();
  if (all && !observer && can_join(lowered)) {
    made.joined.emplace(lowered, Activation::identity);
  } else {
    made.apart = {step("attention.self.query", layer.query), step("attention.self.key", layer.key),
                  step("attention.self.value", layer.value)};
  }
  return made;
}

Tensor IntegerModel::attend(const Layer& layer, const Tensor& hidden, const bert::Input& input) const {
  const std::int64_t n_heads = model_.config.num_attention_heads;
  if (!layer.joined) {
    const Variable query(layer.apart[0](hidden)), key(layer.apart[1](hidden)), value(layer.apart[2](hidden));
    return layer.attention_output(engine::attention(query, key, value, input.sequences, n_heads).value());
  }
  const IntegerUnit& joined = *layer.joined;
  Tensor all = Tensor::empty({hidden.n_rows(), joined.n()});
  joined.multiply(joined.quantize(hidden.n_rows(), hidden.data(), hidden.columns()), all.data(), joined.n());
  return layer.attention_output(engine::joined_attention(all, *input.sequences, n_heads));
}

Tensor IntegerModel::feed_forward(const Layer& layer, const Tensor& attended) const {
  const IntegerUnit *first = layer.intermediate.plain_unit(), *second = layer.output.plain_unit();
  if (first == nullptr || second == nullptr || first->is_wide()) return layer.output(layer.intermediate(attended));
  const std::int64_t rows = attended.n_rows();
  Tensor y = Tensor::empty({rows, second->n()});
  const ActivationCodes x = first->quantize(rows, attended.data(), attended.columns());
  second->multiply(first->multiply(x, second->input()), y.data(), second->n());
  return y;
}

Variable IntegerModel::outputs(const bert::Input& input) const {
  const engine::NoGradient off;
  engine::DropoutStreams no_dropout;
  Variable hidden = model_.embeddings(input, no_dropout);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const bert::EncoderLayer& norms = model_.layers[i];
    const Variable attended = norms.attention_norm(Variable(attend(layers_[i], hidden.value(), input)), hidden);
    hidden = norms.output_norm(Variable(feed_forward(layers_[i], attended.value())), attended);
  }
  return model_.outputs(hidden, input, no_dropout);
}

std::size_t IntegerModel::bytes() const {
  std::size_t total = 0;
  for (const Layer& layer : layers_) {
    if (layer.joined) total += layer.joined->bytes();
    for (const IntegerStep& step : layer.apart) total += step.bytes();
    total += layer.attention_output.bytes() + layer.intermediate.bytes() + layer.output.bytes();
  }
  for (const auto& step : head_) total += step->bytes();
  return total;
}

}  // namespace ingot::compress
