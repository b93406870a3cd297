// Layers as plain structs of parameters, and the hook by which compression changes what they compute with.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/autograd/gather.h"
#include "engine/autograd/matmul.h"
#include "engine/autograd/norm.h"
#include "engine/autograd/shards.h"
#include "engine/base/rng.h"

namespace ingot::engine {

struct Parameter {
  std::string name;
  Variable variable;
};

// The transforms of one layer, by role: fake quantisation, masks. Empty: none.
struct TensorTransforms {
  TensorTransform input;
  TensorTransform weight;
  TensorTransform bias;
  TensorTransform output;  // before the activation that follows the layer
  Sums sums = Sums::bias_last;
  // Computes the layer, activation included, in place of all that, with the same bits. Empty: nothing does.
  std::function<Variable(const Variable& x, Activation activation)> whole{};
};

struct Linear {
  Variable weight;  // [out, in]; undefined: the layer is left out, and its output is its input
  Variable bias;    // [out]
  std::shared_ptr<const TensorTransforms> transforms = nullptr;
  Sums sums = Sums::fastest;

  bool is_identity() const { return !weight.defined(); }
  // activation(output(input(x) weight(w)^T + bias(b))). Without transforms one fused operation.
  // The sums are those of the transforms, if there are any, unless the layer's are bf16.
  Variable operator()(const Variable& x, Activation activation = Activation::identity) const;
  // weight(w) and bias(b): the tensors that the layer computes with.
  Variable effective_weight() const;
  Variable effective_bias() const;
};

struct Embedding {
  Variable weight;                                               // [n_ids, n]
  std::shared_ptr<const TensorTransforms> transforms = nullptr;  // weight only

  Variable table() const;  // weight(w): the rows that are looked up
};

struct LayerNorm {
  Variable weight;  // gamma [n]
  Variable bias;    // beta [n]
  float eps = 1e-12f;
  std::shared_ptr<const TensorTransforms> transforms = nullptr;  // weight, bias and output
  // Computes the layer, output included, in another way, from what the transforms make of gamma and beta. Null: nothing
  // does.
  using Function = std::function<Variable(const Variable& x, const Variable& residual, const Variable& gamma,
                                          const Variable& beta, float eps)>;
  std::shared_ptr<const Function> function = nullptr;

  // output(LayerNorm(dropout(x) + residual)); see engine/autograd/norm.h for the rule on x. A function has no dropout:
  // Error.
  Variable operator()(const Variable& x, const Variable& residual = {}, const Dropout& dropout = {}) const;
  // The tensors that the layer computes with.
  Variable effective_weight() const;
  Variable effective_bias() const;
};

// Hands each place of a forward pass a dropout stream of its own; off unless training. The streams are a function of
// (seed, step, order of asking), so a step draws the same masks whenever it is run.
class DropoutStreams {
 public:
  DropoutStreams() = default;  // off: evaluation
  DropoutStreams(std::uint64_t seed, std::uint64_t step) : on_(true), seed_(seed), step_(step) {}

  Dropout next(float probability) {
    if (!on_ || probability <= 0) return {};
    const std::uint64_t place = n_places_++;
    return {probability, seed_, static_cast<std::uint64_t>(Stream::dropout) << 56 | step_ << 16 | place};
  }

 private:
  bool on_ = false;
  std::uint64_t seed_ = 0;
  std::uint64_t step_ = 0;
  std::uint64_t n_places_ = 0;
};

}  // namespace ingot::engine
