#include "engine/nn/module.h"

#include "engine/autograd/elementwise.h"
#include "engine/base/error.h"

namespace ingot::engine {
namespace {

Variable apply(const TensorTransform& transform, const Variable& x) { return transform ? transform(x) : x; }

// What a layer computes with instead of a parameter.
Variable effective(const TensorTransform& transform, const Variable& parameter) {
  return transform ? once(parameter, transform) : parameter;
}

}  // namespace

Variable Linear::operator()(const Variable& x, Activation activation) const {
  // A copy: who uses up the output of a layer, as layer_norm does, must leave its input whole.
  if (is_identity()) return activate(x, activation);
  if (transforms == nullptr) return linear(x, weight, bias, activation, sums);
  if (transforms->whole) return transforms->whole(x, activation);
  const Activation fused = transforms->output ? Activation::identity : activation;
  const Variable y = linear(apply(transforms->input, x), effective_weight(), effective_bias(), fused,
                            sums == Sums::bf16 ? sums : transforms->sums);
  if (!transforms->output) return y;
  const Variable z = transforms->output(y);
  return activation == Activation::identity ? z : activate(z, activation);
}

Variable Linear::effective_weight() const {
  return transforms == nullptr ? weight : effective(transforms->weight, weight);
}

Variable Linear::effective_bias() const {
  return transforms == nullptr || !bias.defined() ? bias : effective(transforms->bias, bias);
}

Variable Embedding::table() const { return transforms == nullptr ? weight : effective(transforms->weight, weight); }

Variable LayerNorm::operator()(const Variable& x, const Variable& residual, const Dropout& dropout) const {
  const Variable gamma = effective_weight(), beta = effective_bias();
  if (function != nullptr) {
    require(dropout.probability == 0, "layer norm: one in integers goes without dropout, got {}", dropout.probability);
    return (*function)(x, residual, gamma, beta, eps);
  }
  const Variable y = layer_norm(x, residual, gamma, beta, eps, dropout);
  return transforms == nullptr ? y : apply(transforms->output, y);
}

Variable LayerNorm::effective_weight() const {
  return transforms == nullptr ? weight : effective(transforms->weight, weight);
}

Variable LayerNorm::effective_bias() const { return transforms == nullptr ? bias : effective(transforms->bias, bias); }

}  // namespace ingot::engine
