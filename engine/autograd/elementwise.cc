#include "engine/autograd/elementwise.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace ingot::engine {
namespace {

constexpr std::int64_t kGrain = 1 << 14;  // elements a chunk

Tensor dropped(const Tensor& x, const Dropout& dropout) {
  Tensor y = Tensor::empty(x.shape());
  const std::int64_t n = x.columns();
  parallel_for(x.n_rows(), std::max<std::int64_t>(1, kGrain / n), [&](std::int64_t begin, std::int64_t end) {
    kernels::dropout(dropout, begin, end - begin, n, x.data() + begin * n, y.data() + begin * n);
  });
  return y;
}

}  // namespace

Variable add(const Variable& a, const Variable& b) {
  require(a.shape() == b.shape(), "add: shapes differ: {} and {}", a.shape(), b.shape());
  Tensor y = Tensor::empty(a.shape());
  parallel_for(y.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y.data()[i] = a.value().data()[i] + b.value().data()[i];
  });
  return record(std::move(y), {a, b}, [=](const Tensor& dy) {
    if (a.requires_gradient()) a.add_gradient(dy);
    if (b.requires_gradient()) b.add_gradient(dy);
  });
}

Variable activate(const Variable& x, Activation activation) {
  Tensor y = Tensor::empty(x.shape());
  parallel_for(y.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels::activation_forward(activation, end - begin, x.value().data() + begin, y.data() + begin);
  });
  return record(std::move(y), {x}, [=](const Tensor& dy) {
    Tensor dx = dy.unique() ? dy : Tensor::empty(dy.shape());
    parallel_for(dy.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      kernels::activation_backward(activation, end - begin, x.value().data() + begin, dy.data() + begin,
                                   dx.data() + begin);
    });
    x.add_gradient(dx);
  });
}

Variable dropout(const Variable& x, const Dropout& dropout) {
  if (dropout.probability == 0) return x;
  return record(dropped(x.value(), dropout), {x}, [=](const Tensor& dy) { x.add_gradient(dropped(dy, dropout)); });
}

// y_i = e^{x_i - max} / sum; dx_i = y_i (dy_i - sum_j dy_j y_j).
Variable softmax(const Variable& x) {
  Tensor y = Tensor::empty(x.shape());
  const std::int64_t n = y.columns();
  parallel_for(y.n_rows(), std::max<std::int64_t>(1, kGrain / n), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const float* in = x.value().data() + r * n;
      float* out = y.data() + r * n;
      const float largest = *std::max_element(in, in + n);
      double total = 0;
      for (std::int64_t i = 0; i < n; ++i) total += out[i] = std::exp(in[i] - largest);
      for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(out[i] / total);
    }
  });
  return record(y, {x}, [x, y, n](const Tensor& dy) {
    Tensor dx = Tensor::empty(dy.shape());
    parallel_for(dy.n_rows(), std::max<std::int64_t>(1, kGrain / n), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin * n; r < end * n; r += n) {
        double dot = 0;
        for (std::int64_t i = r; i < r + n; ++i) dot += dy.data()[i] * y.data()[i];
        for (std::int64_t i = r; i < r + n; ++i) {
          dx.data()[i] = y.data()[i] * (dy.data()[i] - static_cast<float>(dot));
        }
      }
    });
    x.add_gradient(dx);
  });
}

// y = 1 / (1 + e^-x); dx = dy y (1 - y).
Variable sigmoid(const Variable& x) {
  Tensor y = Tensor::empty(x.shape());
  parallel_for(y.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y.data()[i] = 1 / (1 + std::exp(-x.value().data()[i]));
  });
  return record(y, {x}, [=](const Tensor& dy) {
    Tensor dx = Tensor::empty(dy.shape());
    for (std::int64_t i = 0; i < dy.size(); ++i) dx.data()[i] = dy.data()[i] * y.data()[i] * (1 - y.data()[i]);
    x.add_gradient(dx);
  });
}

Variable sum(const Variable& x) {
  double total = 0;
  for (const float v : x.value().span()) total += v;
  return record(Tensor::full({1}, static_cast<float>(total)), {x},
                [=](const Tensor& dy) { x.add_gradient(Tensor::full(x.shape(), dy.data()[0])); });
}

}  // namespace ingot::engine
