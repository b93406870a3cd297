#include "engine/optim/adamw.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "engine/kernels/adamw/adamw.h"

namespace ingot::engine {
std::vector<ParameterGroup> decay_matrices(std::span<const Parameter> parameters, float weight_decay,
                                           std::span<const float> rate_factors) {
  assert(rate_factors.empty() || rate_factors.size() == parameters.size());
  std::vector<ParameterGroup> groups;
  for (const bool are_matrices : {true, false}) {
    const auto begin = static_cast<std::ptrdiff_t>(groups.size());
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if ((parameters[i].variable.shape().rank() >= 2) != are_matrices) continue;
      const float factor = rate_factors.empty() ? 1.0f : rate_factors[i];
      auto group = std::find_if(groups.begin() + begin, groups.end(),
                                [&](const ParameterGroup& g) { return g.learning_rate_factor == factor; });
      if (group == groups.end()) {
        groups.push_back({.weight_decay = are_matrices ? weight_decay : 0, .learning_rate_factor = factor});
        group = groups.end() - 1;
      }
      group->parameters.push_back(parameters[i]);
    }
  }
  return groups;
}

AdamW::AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options)
    : groups_(std::move(groups)), options_(options) {
  for (const ParameterGroup& group : groups_) {
    for (const Parameter& p : group.parameters) {
      moments_.push_back({p.name, Tensor::zeros(p.variable.shape()), Tensor::zeros(p.variable.shape())});
    }
  }
}

void AdamW::clear_gradients() {
  for (ParameterGroup& group : groups_) {
    for (Parameter& p : group.parameters) p.variable.clear_gradient();
  }
}

double AdamW::gradient_norm() const {
  double total = 0;
  for (const ParameterGroup& group : groups_) {
    for (const Parameter& p : group.parameters) {
      if (!p.variable.has_gradient()) continue;
      const Tensor gradient = p.variable.gradient();
      const std::vector<std::int32_t>* rows = p.variable.touched_rows();
      if (rows == nullptr) {
        total += kernels::sum_of_squares(gradient.size(), gradient.data());
        continue;
      }
      const std::int64_t n = gradient.columns();
      for (const std::int32_t row : *rows) total += kernels::sum_of_squares(n, gradient.data() + row * n);
    }
  }
  return std::sqrt(total);
}

void AdamW::step(float learning_rate, double norm, double max_norm) {
  ++n_steps_;
  const auto t = static_cast<double>(n_steps_);
  const double factor = max_norm > 0 ? std::min(1.0, max_norm / (norm + 1e-6)) : 1.0;
  kernels::AdamWStep step{.beta1 = options_.beta1,
                          .beta2 = options_.beta2,
                          .eps = options_.eps,
                          .correction1 = 1.0 - std::pow(options_.beta1, t),
                          .correction2 = 1.0 - std::pow(options_.beta2, t),
                          .gradient_scale = factor};
  auto moments = moments_.begin();
  for (const ParameterGroup& group : groups_) {
    step.learning_rate = learning_rate * group.learning_rate_factor;
    step.weight_decay = group.weight_decay;
    for (const Parameter& p : group.parameters) {
      const Moments& m = *moments++;
      if (!p.variable.has_gradient()) continue;
      if (const auto* rows = p.variable.touched_rows(); options_.lazy_rows && rows != nullptr) {
        kernels::adamw_some_rows(step, *rows, p.variable.value().columns(), p.variable.gradient().data(),
                                 p.variable.value().data(), m.first.data(), m.second.data());
        continue;
      }
      kernels::adamw(step, p.variable.value().size(), p.variable.gradient().data(), p.variable.value().data(),
                     m.first.data(), m.second.data());
    }
  }
}

}  // namespace ingot::engine
