// Normative: products one by one, in the order of the inner index.
#include "engine/kernels/exact_gemm/table.h"

namespace ingot::engine::kernels {
namespace {

void multiply(const ExactBlock& block) {
  for (std::int64_t i = 0; i < block.m; ++i) {
    for (std::int64_t j = 0; j < block.n; ++j) {
      double sum = 0;
      for (std::int64_t p = 0; p < block.k; ++p)
        sum += static_cast<double>(block.x[i * block.ldx + p]) * static_cast<double>(block.w[j * block.k + p]);
      block.sums[i * block.ld + j] = sum;
    }
  }
}

}  // namespace

extern const ExactGemmRow kExactGemmReference{.isa = Isa::reference, .multiply = multiply};

}  // namespace ingot::engine::kernels
