// AdamW with decoupled weight decay (Loshchilov, Hutter 2019), parameter groups and clipping by the global norm.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/nn/module.h"

namespace ingot::engine {

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  // Rows of a row-sparse gradient that a step did not touch keep weight and moments: no decay, no momentum (the
  // "lazy Adam" of sparse embeddings). Faster with a large vocabulary, and not the same optimizer.
  bool lazy_rows = false;
};

// Parameters that share a weight decay and a factor on the learning rate.
struct ParameterGroup {
  std::vector<Parameter> parameters;
  float weight_decay = 0;
  float learning_rate_factor = 1;
};

// Matrices decay, vectors (biases, layer norms) do not: the usual rule for transformers. `rate_factors`: on the
// learning rate, one a parameter; empty: all 1.
std::vector<ParameterGroup> decay_matrices(std::span<const Parameter> parameters, float weight_decay,
                                           std::span<const float> rate_factors = {});

class AdamW {
 public:
  explicit AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options = {});

  void clear_gradients();

  // Euclidean norm of all gradients together; the same bits for any number of threads.
  double gradient_norm() const;

  // One update with the gradients scaled so that their global norm is at most max_norm (0: no limit), by the rule of
  // PyTorch: factor = min(1, max_norm / (norm + 1e-6)). `norm` is gradient_norm(). Parameters without a gradient in
  // this step are passed over, as in PyTorch.
  void step(float learning_rate, double norm, double max_norm);

  std::int64_t n_steps() const { return n_steps_; }

  // State for checkpoints: moments by parameter name.
  struct Moments {
    std::string name;
    Tensor first, second;
  };
  const std::vector<Moments>& moments() const { return moments_; }
  void set_n_steps(std::int64_t n) { n_steps_ = n; }

 private:
  std::vector<ParameterGroup> groups_;
  AdamWOptions options_;
  std::vector<Moments> moments_;  // in the order of the groups' parameters
  std::int64_t n_steps_ = 0;
};

}  // namespace ingot::engine
