#include "engine/autograd/check_gradients.h"

#include <cmath>

namespace ingot::engine {

GradientError check_gradients(const std::function<Variable(const std::vector<Variable>&)>& f,
                              const std::vector<Variable>& inputs, float h) {
  for (Variable input : inputs) input.clear_gradient();
  backward(f(inputs));
  GradientError error;
  const NoGradient no_gradient;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor analytic = inputs[i].gradient();
    for (std::int64_t e = 0; e < analytic.size(); ++e) {
      float& x = inputs[i].value().data()[e];
      const float centre = x;
      x = centre + h;
      const double above = f(inputs).value().data()[0];
      const double step_up = static_cast<double>(x) - centre;
      x = centre - h;
      const double below = f(inputs).value().data()[0];
      const double numeric = (above - below) / (step_up + (static_cast<double>(centre) - x));
      x = centre;
      const double difference = std::abs(numeric - analytic.data()[e]) / std::max(1.0, std::abs(numeric));
      if (!(difference <= error.worst)) error = {difference, i, e};
    }
  }
  return error;
}

}  // namespace ingot::engine
