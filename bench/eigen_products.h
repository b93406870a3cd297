// The three products of a linear layer by Eigen: the peer that the benches compare with. Compiled for this machine.
#pragma once

#include <cstdint>

namespace ingot::bench {

struct EigenProducts {
  std::int64_t m, n, k;  // x[m,k], w[n,k], dy[m,n]; row-major, rows contiguous

  void forward(const float* x, const float* w, const float* bias, float* y) const;
  void input_gradient(const float* dy, const float* w, float* dx) const;
  void weight_gradient(const float* dy, const float* x, float* dw, float* dbias) const;
};

void set_eigen_threads(int count);

}  // namespace ingot::bench
