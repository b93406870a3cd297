#include "engine/autograd/matmul.h"

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/kernels/bf16_gemm/bf16_gemm.h"
#include "engine/kernels/exact_gemm/exact_gemm.h"
#include "engine/kernels/gemm/gemm.h"

namespace ingot::engine {
namespace {

Shape with_columns(const Shape& shape, std::int64_t n) {
  std::array<std::int64_t, Shape::kMaxRank> dims{};
  std::copy(shape.dims().begin(), shape.dims().end(), dims.begin());
  dims[static_cast<std::size_t>(shape.rank() - 1)] = n;
  return Shape(std::span<const std::int64_t>(dims.data(), static_cast<std::size_t>(shape.rank())));
}

// dz = dy f'(z): in the place of dy if nobody else holds it.
Tensor through_activation(Activation activation, const Tensor& z, const Tensor& dy) {
  Tensor dz = dy.unique() ? dy : Tensor::empty(dy.shape());
  parallel_for(dy.size(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
    kernels::activation_backward(activation, end - begin, z.data() + begin, dy.data() + begin, dz.data() + begin);
  });
  return dz;
}

Tensor column_sums(const Tensor& dy) {
  const std::int64_t m = dy.n_rows(), n = dy.columns();
  Tensor sums = Tensor::zeros({n});
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) sums.data()[j] += dy.data()[i * n + j];
  }
  return sums;
}

void linear_backward(const Variable& x, const Variable& w, const Variable& bias, Sums sums, const Tensor& dy) {
  const LinearKernels& products = linear_kernels(sums);
  const std::int64_t m = dy.n_rows(), n = dy.columns(), k = x.value().columns();
  if (w.requires_gradient()) {
    const auto dw = w.gradient_slot();
    float* dbias = nullptr;
    if (bias.requires_gradient()) {
      const auto slot = bias.gradient_slot();
      dbias = slot.data;
      if (slot.accumulate != dw.accumulate) {  // one flag serves both: clear the one that is fresh
        if (slot.accumulate)
          std::fill_n(dw.data, n * k, 0.0f);
        else
          std::fill_n(dbias, n, 0.0f);
      }
      products.weight_gradient(m, n, k, dy.data(), n, x.value().data(), k, slot.accumulate || dw.accumulate, dw.data,
                               dbias);
    } else {
      products.weight_gradient(m, n, k, dy.data(), n, x.value().data(), k, dw.accumulate, dw.data, nullptr);
    }
  }
  if (bias.requires_gradient() && !w.requires_gradient()) bias.add_gradient(column_sums(dy));
  if (x.requires_gradient()) {
    const auto dx = x.gradient_slot();
    products.input_gradient(m, n, k, dy.data(), n, w.value().data(), dx.accumulate, dx.data, k);
  }
}

void float32_forward(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t ldx, const float* w,
                     const float* bias, Activation activation, float* pre_activation, float* y, std::int64_t ldy) {
  kernels::linear_forward(m, n, k, x, ldx, w, bias, activation, pre_activation, y, ldy);
}

}  // namespace

const LinearKernels& linear_kernels(Sums sums) {
  static constexpr LinearKernels kFloat32{float32_forward, kernels::linear_input_gradient,
                                          kernels::linear_weight_gradient};
  static constexpr LinearKernels kBf16{kernels::bf16_linear_forward, kernels::bf16_linear_input_gradient,
                                       kernels::bf16_linear_weight_gradient};
  return sums == Sums::bf16 ? kBf16 : kFloat32;
}

Variable linear(const Variable& x, const Variable& w, const Variable& bias, Activation activation, Sums sums) {
  const std::int64_t m = x.value().n_rows(), k = x.value().columns(), n = w.shape()[0];
  require(w.shape().rank() == 2 && w.shape()[1] == k, "linear: inner sizes differ: input {}, weight {}", x.shape(),
          w.shape());
  if (bias.defined())
    require(bias.value().size() == n, "linear: weight {} needs a bias of {} values, got {}", w.shape(), n,
            bias.shape());
  Tensor y = Tensor::empty(with_columns(x.shape(), n));
  Tensor z = activation == Activation::identity || !recording() ? Tensor() : Tensor::empty(y.shape());
  const float* b = bias.defined() ? bias.value().data() : nullptr;
  if (sums == Sums::exact) {
    float* before = z.defined() ? z.data() : y.data();
    kernels::exact_linear(m, n, k, x.value().data(), k, w.value().data(), b, before, n);
    if (activation != Activation::identity) kernels::activation_forward(activation, m * n, before, y.data());
  } else if (sums == Sums::bias_last) {
    kernels::linear_forward(m, n, k, x.value().data(), k, w.value().data(), b, activation,
                            z.defined() ? z.data() : nullptr, y.data(), n, kernels::BiasOrder::last);
  } else {
    linear_kernels(sums).forward(m, n, k, x.value().data(), k, w.value().data(), b, activation,
                                 z.defined() ? z.data() : nullptr, y.data(), n);
  }
  return record(std::move(y), {x, w, bias}, [=](const Tensor& dy) {
    linear_backward(x, w, bias, sums, z.defined() ? through_activation(activation, z, dy) : dy);
  });
}

Variable matmul(const Variable& a, const Variable& b) {
  const std::int64_t m = a.shape()[0], n = b.shape()[0], k = b.shape()[1];
  require(a.shape().rank() == 2 && b.shape().rank() == 2 && a.shape()[1] == n,
          "matmul: inner sizes differ: lhs {}, rhs {}", a.shape(), b.shape());
  Tensor c = Tensor::empty({m, k});
  kernels::linear_input_gradient(m, n, k, a.value().data(), n, b.value().data(), false, c.data(), k);
  return record(std::move(c), {a, b}, [=](const Tensor& dc) {
    if (a.requires_gradient()) {  // da = dc b^T
      Tensor da = Tensor::empty({m, n});
      kernels::linear_forward(m, n, k, dc.data(), k, b.value().data(), nullptr, Activation::identity, nullptr,
                              da.data(), n);
      a.add_gradient(da);
    }
    if (b.requires_gradient()) {  // db = a^T dc
      const auto db = b.gradient_slot();
      kernels::linear_weight_gradient(m, n, k, a.value().data(), n, dc.data(), k, db.accumulate, db.data, nullptr);
    }
  });
}

}  // namespace ingot::engine
