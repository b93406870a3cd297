#include "engine/autograd/soft_loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/error.h"

namespace ingot::engine {
namespace {

void require_sizes(const char* loss, const Variable& outputs, std::span<const float> targets) {
  require(outputs.value().size() == static_cast<std::int64_t>(targets.size()), "{}: {} outputs, {} targets", loss,
          outputs.value().size(), targets.size());
}

// Mean over n of losses whose gradient (not yet divided by n) is in `gradient`. Adds in order: the same bits on any
// number of threads. These tensors are small: a few numbers for each text.
Variable mean(double total, double n, const Variable& outputs, const Tensor& gradient) {
  const auto scale = static_cast<float>(1 / n);
  return record(Tensor::full({1}, static_cast<float>(total / n)), {outputs}, [=](const Tensor& dy) {
    for (float& g : gradient.span()) g *= dy.data()[0] * scale;
    outputs.add_gradient(gradient);
  });
}

}  // namespace

Variable binary_cross_entropy(const Variable& logits, std::span<const float> targets) {
  require_sizes("binary_cross_entropy", logits, targets);
  Tensor gradient = Tensor::empty(logits.shape());
  double total = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const float z = logits.value().data()[i], p = targets[i];
    const float e = std::exp(-std::abs(z));
    total += static_cast<double>(std::max(z, 0.0f)) - static_cast<double>(z) * p + std::log1p(static_cast<double>(e));
    gradient.data()[i] = (z >= 0 ? 1 / (1 + e) : e / (1 + e)) - p;  // sigmoid(z) - p
  }
  return mean(total, static_cast<double>(targets.size()), logits, gradient);
}

Variable squared_error(const Variable& outputs, std::span<const float> targets) {
  require_sizes("squared_error", outputs, targets);
  Tensor gradient = Tensor::empty(outputs.shape());
  double total = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const float difference = outputs.value().data()[i] - targets[i];
    total += static_cast<double>(difference) * difference;
    gradient.data()[i] = 2 * difference;
  }
  return mean(total, static_cast<double>(targets.size()), outputs, gradient);
}

// With s = sum_c w_c: dz_c = (s softmax(z / T)_c - w_c) / T.
Variable soft_cross_entropy(const Variable& logits, std::span<const float> weights, float temperature) {
  require_sizes("soft_cross_entropy", logits, weights);
  const auto n = static_cast<std::size_t>(logits.value().columns());
  Tensor gradient = Tensor::empty(logits.shape());
  double total = 0;
  std::vector<double> z(n);
  for (std::size_t r = 0; r < weights.size(); r += n) {
    for (std::size_t c = 0; c < n; ++c) z[c] = static_cast<double>(logits.value().data()[r + c]) / temperature;
    const double largest = *std::max_element(z.begin(), z.end());
    double sum = 0, row = 0;
    for (const double v : z) sum += std::exp(v - largest);
    const double log_sum = std::log(sum) + largest;
    for (std::size_t c = 0; c < n; ++c) row += static_cast<double>(weights[r + c]);
    for (std::size_t c = 0; c < n; ++c) {
      const auto w = static_cast<double>(weights[r + c]);
      total += w * (log_sum - z[c]);
      gradient.data()[r + c] = static_cast<float>((row * std::exp(z[c] - log_sum) - w) / temperature);
    }
  }
  return mean(total, static_cast<double>(weights.size() / n), logits, gradient);
}

Variable mixed(const Variable& a, float weight, const Variable& b, float other_weight) {
  const float sum = weight * a.value().data()[0] + other_weight * b.value().data()[0];
  return record(Tensor::full({1}, sum), {a, b}, [=](const Tensor& dy) {
    if (a.requires_gradient()) a.add_gradient(Tensor::full({1}, weight * dy.data()[0]));
    if (b.requires_gradient()) b.add_gradient(Tensor::full({1}, other_weight * dy.data()[0]));
  });
}

Variable scaled(const Variable& loss, float factor) {
  return record(Tensor::full({1}, factor * loss.value().data()[0]), {loss},
                [=](const Tensor& dy) { loss.add_gradient(Tensor::full({1}, factor * dy.data()[0])); });
}

// With u = x / |x|: dx = (dy - u (u . dy)) scale / |x|.
Variable normalize_rows(const Variable& x, float scale) {
  const std::int64_t n = x.value().columns(), n_rows = x.value().n_rows();
  Tensor y = Tensor::empty(x.shape());
  std::vector<float> factors(static_cast<std::size_t>(n_rows));
  for (std::int64_t r = 0; r < n_rows; ++r) {
    const float* row = x.value().data() + r * n;
    double square = 0;
    for (std::int64_t i = 0; i < n; ++i) square += static_cast<double>(row[i]) * row[i];
    const float factor = square > 0 ? static_cast<float>(scale / std::sqrt(square)) : 0.0f;
    factors[static_cast<std::size_t>(r)] = factor;
    for (std::int64_t i = 0; i < n; ++i) y.data()[r * n + i] = row[i] * factor;
  }
  return record(y, {x}, [=, factors = std::move(factors)](const Tensor& dy) {
    Tensor dx = Tensor::empty(dy.shape());
    for (std::int64_t r = 0; r < n_rows; ++r) {
      const float *out = y.data() + r * n, *d = dy.data() + r * n;
      double dot = 0;
      for (std::int64_t i = 0; i < n; ++i) dot += static_cast<double>(out[i]) * d[i];
      const auto along = static_cast<float>(dot / (static_cast<double>(scale) * scale));
      for (std::int64_t i = 0; i < n; ++i)
        dx.data()[r * n + i] = (d[i] - out[i] * along) * factors[static_cast<std::size_t>(r)];
    }
    x.add_gradient(dx);
  });
}

}  // namespace ingot::engine
