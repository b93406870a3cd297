#include "engine/nn/module.h"

#include "engine/autograd/elementwise.h"

namespace ingot::engine {
namespace {

Variable apply(const TensorTransform& transform, const Variable& x) { return transform ? transform(x) : x; }

}  // namespace

Variable Linear::operator()(const Variable& x, Activation activation) const {
  if (transforms == nullptr) return linear(x, weight, bias, activation);
  const Variable y =
      linear(apply(transforms->input, x), apply(transforms->weight, weight),
             bias.defined() ? apply(transforms->bias, bias) : bias, Activation::identity, transforms->sums);
  const Variable z = apply(transforms->output, y);
  return activation == Activation::identity ? z : activate(z, activation);
}

Variable Embedding::table() const { return transforms == nullptr ? weight : apply(transforms->weight, weight); }

}  // namespace ingot::engine
