#include "engine/autograd/loss.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "engine/base/error.h"
#include "engine/kernels/cross_entropy/cross_entropy.h"
#include "engine/kernels/gemm/gemm.h"

namespace ingot::engine {

namespace {

constexpr std::int64_t kTileRows = 256;  // of logits: 8 MB for 8,000 classes

// How many labels count, after checking all.
std::int64_t counted_labels(std::span<const std::int32_t> labels, std::int64_t n_rows, std::int64_t n_classes) {
  require(static_cast<std::int64_t>(labels.size()) == n_rows, "cross_entropy: {} rows of logits, {} labels", n_rows,
          labels.size());
  std::int64_t counted = 0;
  for (const std::int32_t label : labels) {
    require(label == kernels::kIgnoredLabel || (0 <= label && label < n_classes),
            "cross_entropy: label {} is outside of {} classes", label, n_classes);
    counted += label != kernels::kIgnoredLabel;
  }
  require(counted > 0, "cross_entropy: all {} labels are ignored", n_rows);
  return counted;
}

Tensor mean_of(const Tensor& losses, std::int64_t counted) {
  double total = 0;
  for (const float loss : losses.span()) total += loss;
  return Tensor::full({1}, static_cast<float>(total / static_cast<double>(counted)));
}

// The weight of each row: that of its label, 0 where it is ignored. Throws Error if nothing is left.
std::vector<float> weights_of_rows(std::span<const std::int32_t> labels, std::span<const float> weights,
                                   std::int64_t n_classes) {
  require(static_cast<std::int64_t>(weights.size()) == n_classes, "cross_entropy: {} weights for {} classes",
          weights.size(), n_classes);
  std::vector<float> row_weights;
  for (const std::int32_t label : labels) {
    row_weights.push_back(label == kernels::kIgnoredLabel ? 0.0f : weights[static_cast<std::size_t>(label)]);
  }
  require(std::accumulate(row_weights.begin(), row_weights.end(), 0.0) > 0,
          "cross_entropy: the weights of all {} labels are 0", labels.size());
  return row_weights;
}

// gradient * scale, added to the variable's; the tensor is given up.
void deliver(const Variable& variable, const Tensor& gradient, float scale) {
  if (!variable.requires_gradient()) return;
  if (scale != 1.0f) {
    for (float& g : gradient.span()) g *= scale;
  }
  variable.add_gradient(gradient);
}

}  // namespace

Variable cross_entropy(const Variable& logits, std::span<const std::int32_t> labels) {
  const std::int64_t m = logits.value().n_rows(), n = logits.value().columns();
  const std::int64_t counted = counted_labels(labels, m, n);
  const bool keep = recording() && logits.requires_gradient();
  const Tensor losses = Tensor::empty({m});
  Tensor gradient = keep ? Tensor::empty(logits.shape()) : Tensor();
  kernels::cross_entropy(m, n, logits.value().data(), labels.data(), 1.0f / static_cast<float>(counted), losses.data(),
                         keep ? gradient.data() : nullptr);
  return record(mean_of(losses, counted), {logits}, [=](const Tensor& dy) { deliver(logits, gradient, dy.data()[0]); });
}

Variable weighted_cross_entropy(const Variable& logits, std::span<const std::int32_t> labels,
                                std::span<const float> weights) {
  const std::int64_t m = logits.value().n_rows(), n = logits.value().columns();
  counted_labels(labels, m, n);
  const std::vector<float> row_weights = weights_of_rows(labels, weights, n);
  const double total = std::accumulate(row_weights.begin(), row_weights.end(), 0.0);
  const bool keep = recording() && logits.requires_gradient();
  const Tensor losses = Tensor::empty({m});
  Tensor gradient = keep ? Tensor::empty(logits.shape()) : Tensor();
  kernels::cross_entropy(m, n, logits.value().data(), labels.data(), static_cast<float>(1 / total), losses.data(),
                         keep ? gradient.data() : nullptr);
  double sum = 0;
  for (std::int64_t r = 0; r < m; ++r) {
    const float weight = row_weights[static_cast<std::size_t>(r)];
    sum += static_cast<double>(weight) * losses.data()[r];
    for (std::int64_t c = 0; keep && c < n; ++c) gradient.data()[r * n + c] *= weight;
  }
  return record(Tensor::full({1}, static_cast<float>(sum / total)), {logits},
                [=](const Tensor& dy) { deliver(logits, gradient, dy.data()[0]); });
}

// A row's targets t[c] sum to T. From the loss l of its label y and p = softmax(z), which the kernel gives:
//   loss = sum_c t[c] (log sum exp(z) - z[c]) = T l + sum_c t[c] (z[y] - z[c]),
//   d loss / d z[c] = T p[c] - t[c] = T (p[c] - [c = y]) + T [c = y] - t[c].
Variable smoothed_cross_entropy(const Variable& logits, std::span<const std::int32_t> labels,
                                std::span<const float> weights, double label_smoothing) {
  const std::int64_t m = logits.value().n_rows(), n = logits.value().columns();
  counted_labels(labels, m, n);
  const std::vector<float> ones(weights.empty() ? static_cast<std::size_t>(n) : 0, 1.0f);
  const std::span<const float> w = weights.empty() ? std::span<const float>(ones) : weights;
  const std::vector<float> row_weights = weights_of_rows(labels, w, n);
  const double norm = std::accumulate(row_weights.begin(), row_weights.end(), 0.0);
  const double all_weights = std::accumulate(w.begin(), w.end(), 0.0);
  const double share = label_smoothing / static_cast<double>(n);
  const bool keep = recording() && logits.requires_gradient();
  const Tensor losses = Tensor::empty({m});
  Tensor gradient = keep ? Tensor::empty(logits.shape()) : Tensor();
  kernels::cross_entropy(m, n, logits.value().data(), labels.data(), 1.0f, losses.data(),
                         keep ? gradient.data() : nullptr);
  double sum = 0;
  for (std::int64_t r = 0; r < m; ++r) {
    const std::int32_t label = labels[static_cast<std::size_t>(r)];
    if (label == kernels::kIgnoredLabel) continue;  // its loss and gradient are 0
    const double own = (1 - label_smoothing) * static_cast<double>(row_weights[static_cast<std::size_t>(r)]);
    const double targets = own + share * all_weights;
    const float* z = logits.value().data() + r * n;
    sum += targets * static_cast<double>(losses.data()[r]);
    for (std::int64_t c = 0; c < n; ++c) {
      const double target = share * static_cast<double>(w[static_cast<std::size_t>(c)]) + (c == label ? own : 0);
      sum += target * (static_cast<double>(z[label]) - static_cast<double>(z[c]));
      if (!keep) continue;
      float& g = gradient.data()[r * n + c];
      g = static_cast<float>((targets * static_cast<double>(g) + (c == label ? targets : 0) - target) / norm);
    }
  }
  return record(Tensor::full({1}, static_cast<float>(sum / norm)), {logits},
                [=](const Tensor& dy) { deliver(logits, gradient, dy.data()[0]); });
}

Variable linear_cross_entropy(const Variable& x, const Variable& w, const Variable& bias,
                              std::span<const std::int32_t> labels, Sums sums) {
  const LinearKernels& products = linear_kernels(sums);
  const std::int64_t m = x.value().n_rows(), k = x.value().columns(), n = w.shape()[0];
  require(w.shape()[1] == k && bias.value().size() == n,
          "linear_cross_entropy: sizes differ: input {}, weight {}, bias {}", x.shape(), w.shape(), bias.shape());
  const std::int64_t counted = counted_labels(labels, m, n);
  const bool keep = recording() && (x.requires_gradient() || w.requires_gradient() || bias.requires_gradient());
  const Tensor losses = Tensor::empty({m});
  Tensor dx, dw, dbias;
  if (keep) {
    dx = Tensor::empty(x.shape());
    dw = Tensor::empty(w.shape());
    dbias = Tensor::empty(bias.shape());
  }
  const Tensor tile = Tensor::empty({std::min(m, kTileRows), n});
  for (std::int64_t row = 0; row < m; row += kTileRows) {
    const std::int64_t rows = std::min(kTileRows, m - row);
    const float* x_rows = x.value().data() + row * k;
    products.forward(rows, n, k, x_rows, k, w.value().data(), bias.value().data(), Activation::identity, nullptr,
                     tile.data(), n);
    kernels::cross_entropy(rows, n, tile.data(), labels.data() + row, 1.0f / static_cast<float>(counted),
                           losses.data() + row, keep ? tile.data() : nullptr);
    if (!keep) continue;
    products.input_gradient(rows, n, k, tile.data(), n, w.value().data(), false, dx.data() + row * k, k);
    products.weight_gradient(rows, n, k, tile.data(), n, x_rows, k, row > 0, dw.data(), dbias.data());
  }
  return record(mean_of(losses, counted), {x, w, bias}, [=](const Tensor& dy) {
    deliver(x, dx, dy.data()[0]);
    deliver(w, dw, dy.data()[0]);
    deliver(bias, dbias, dy.data()[0]);
  });
}

}  // namespace ingot::engine
