// Products of codes of up to 16 bits whose sums need more than 32 bits, such as 16 x 16 bits at most depths. Exact, by
// the products of fixed_gemm.h: each weight is 256 high + low, and the inputs are cut into runs over which the sums of
// both stay within 32 bits.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/kernels/fixed_gemm/fixed_gemm.h"

namespace ingot::engine::kernels {

class WideWeights {
 public:
  // From w[n,k], row-major codes in -32768 .. 65535, for activations in a range around 0 within -32768 .. 65535.
  // Throws Error if a size, a code or the range is none of these.
  WideWeights(std::string_view name, std::int64_t n, std::int64_t k, CodeRange activations,
              std::span<const std::int32_t> w);

  std::int64_t n() const { return n_; }
  std::int64_t k() const { return k_; }
  std::size_t weight_bytes() const;  // of the packed codes

  // y[m,n] = x[m,k] w[n,k]^T, x within `activations`. ldx >= k, ldy >= n are row strides in elements. Threads inside.
  void multiply(std::int64_t m, const std::int32_t* x, std::int64_t ldx, std::int64_t* y, std::int64_t ldy) const;

 private:
  struct Part {
    std::int64_t from;  // of the inputs
    int shift;          // 8: the high halves, 0: the low ones
    PackedWeights weights;
  };

  std::int64_t n_, k_;
  std::int64_t offset_;              // taken from activations that 16 bits with a sign do not hold
  std::vector<std::int64_t> start_;  // [n]: offset times the sum of the weights
  std::vector<Part> parts_;
};

}  // namespace ingot::engine::kernels
