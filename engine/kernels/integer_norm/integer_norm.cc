#include "engine/kernels/integer_norm/integer_norm.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>

#include "engine/base/threads.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/integer_norm/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kGrain = 1 << 13;  // codes that one thread takes at a time

constexpr const IntegerNormRow* kRows[] = {
#if defined(__x86_64__)
    &kIntegerNormAvx512,
    &kIntegerNormAvx2,
#endif
    &kIntegerNormReference,
};

void run(const IntegerNormRow& row, const IntegerNorm& norm, std::int64_t m, const void* x, void* y) {
  parallel_for(m, std::max<std::int64_t>(1, kGrain / norm.n), [&](std::int64_t begin, std::int64_t end) {
    row.normalise(norm, end - begin, static_cast<const std::byte*>(x) + begin * norm.n * code_bytes(norm.from),
                  static_cast<std::byte*>(y) + begin * norm.n * code_bytes(norm.to));
  });
}

}  // namespace

std::span<const IntegerNormRow* const> integer_norm_rows() { return kRows; }

bool fits_doubles(const IntegerNorm& norm) {
  const double n = static_cast<double>(norm.n), x = static_cast<double>(norm.largest);
  const double z = std::ldexp(std::sqrt(n), norm.z_frac_bits) * (1 + 0x1p-7) + 1;
  double most = std::max(n * x * x, 2 * n * x * 0x1p17);
  for (std::int64_t i = 0; i < norm.n; ++i)
    most = std::max(most, z * std::abs(norm.gamma[i]) + std::ldexp(std::abs(norm.beta[i]), norm.beta_left));
  return most < 0x1p53 && norm.rounding == Rounding::nearest_even;
}

void integer_norm(const IntegerNorm& norm, std::int64_t m, const void* x, void* y) {
  const IntegerNormRow& row = active_row(integer_norm_rows());
  run(row.in_doubles && !fits_doubles(norm) ? kIntegerNormReference : row, norm, m, x, y);
}

void integer_norm_reference(const IntegerNorm& norm, std::int64_t m, const void* x, void* y) {
  run(kIntegerNormReference, norm, m, x, y);
}

}  // namespace ingot::engine::kernels
