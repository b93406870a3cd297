// One helper tests every operation: its gradients against central differences.
#pragma once

#include <functional>
#include <vector>

#include "engine/autograd/variable.h"

namespace ingot::engine {

struct GradientError {
  double worst = 0;          // largest |analytic - numeric| / max(1, |numeric|) over all elements
  std::size_t input = 0;     // index of the input with that error
  std::int64_t element = 0;  // index of its element
};

// Compares the gradient of f, a function of the inputs (leaves that require gradients) to a scalar, with
// (f(x + h) - f(x - h)) / 2h for each element. f is called 2 n + 1 times; float32 leaves an error of about
// 1e-7 |f| / h + h^2.
GradientError check_gradients(const std::function<Variable(const std::vector<Variable>&)>& f,
                              const std::vector<Variable>& inputs, float h = 1e-2f);

}  // namespace ingot::engine
