#include "engine/autograd/norm.h"

#include "engine/base/error.h"
#include "engine/kernels/layer_norm/layer_norm.h"

namespace ingot::engine {
namespace {

// A buffer that layer_norm_backward may add to.
float* summed(const Variable::Slot& slot, std::int64_t n) {
  if (!slot.accumulate) std::fill_n(slot.data, n, 0.0f);
  return slot.data;
}

}  // namespace

Variable layer_norm(const Variable& x, const Variable& residual, const Variable& gamma, const Variable& beta, float eps,
                    const Dropout& dropout) {
  const std::int64_t n = x.value().columns(), m = x.value().n_rows();
  require(gamma.value().size() == n && beta.value().size() == n,
          "layer_norm: input {} needs gamma and beta of {}, got {} and {}", x.shape(), n, gamma.shape(), beta.shape());
  const bool keep = recording();
  Tensor y = Tensor::empty(x.shape());
  Tensor mean = keep ? Tensor::empty({m}) : Tensor(), rstd = keep ? Tensor::empty({m}) : Tensor();
  const Tensor s = x.value();  // overwritten with dropout(x) + residual
  kernels::layer_norm_forward(m, n, s.data(), dropout, residual.defined() ? residual.value().data() : nullptr,
                              gamma.value().data(), beta.value().data(), eps, y.data(), keep ? mean.data() : nullptr,
                              keep ? rstd.data() : nullptr);
  return record(std::move(y), {x, residual, gamma, beta}, [=](const Tensor& dy) {
    Tensor ds = Tensor::empty(dy.shape());
    Tensor dx = dropout.probability > 0 && x.requires_gradient() ? Tensor::empty(dy.shape()) : Tensor();
    // Frozen gamma and beta still need somewhere to go.
    const Tensor spare = gamma.requires_gradient() && beta.requires_gradient() ? Tensor() : Tensor::zeros({n});
    float* dgamma = gamma.requires_gradient() ? summed(gamma.gradient_slot(), n) : spare.data();
    float* dbeta = beta.requires_gradient() ? summed(beta.gradient_slot(), n) : spare.data();
    kernels::layer_norm_backward(m, n, s.data(), mean.data(), rstd.data(), gamma.value().data(), dropout, dy.data(),
                                 ds.data(), dx.defined() ? dx.data() : nullptr, dgamma, dbeta);
    if (x.requires_gradient()) x.add_gradient(dx.defined() ? dx : ds);
    if (residual.requires_gradient()) residual.add_gradient(ds);
  });
}

}  // namespace ingot::engine
