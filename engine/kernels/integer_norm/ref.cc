#include <bit>

#include "engine/kernels/integer_norm/table.h"

namespace ingot::engine::kernels {
namespace {

void normalise_row(const IntegerNorm& norm, const std::int32_t* x, std::int32_t* y) {
  std::int64_t sum = 0, squares = 0;
  for (std::int64_t i = 0; i < norm.n; ++i) {
    sum += x[i];
    squares += std::int64_t{x[i]} * x[i];
  }
  const std::int64_t variance = norm.n * squares - sum * sum + norm.epsilon;
  const InverseRoot root = variance > 0 ? inverse_root(variance, norm.root_table) : InverseRoot{0, -32};
  for (std::int64_t i = 0; i < norm.n; ++i) {
    const std::int64_t deviation = norm.n * x[i] - sum;
    const std::int64_t z = round_shift(deviation * root.c, -root.exponent - norm.z_frac_bits, Rounding::nearest_even);
    const std::int64_t product = z * norm.gamma[i] + std::int64_t{norm.beta[i]} * (std::int64_t{1} << norm.beta_left);
    y[i] = static_cast<std::int32_t>(requantize(product, norm.shift, norm.rounding, norm.range));
  }
}

void normalise(const IntegerNorm& norm, std::int64_t m, const std::int32_t* x, std::int32_t* y) {
  for (std::int64_t row = 0; row < m; ++row) normalise_row(norm, x + row * norm.n, y + row * norm.n);
}

}  // namespace

InverseRoot inverse_root(std::int64_t variance, const std::int32_t* root_table) {
  const auto v = static_cast<std::uint64_t>(variance);
  const int left = 32 - std::bit_width(v), h = left >= 0 ? left / 2 : -((1 - left) / 2);  // floor(left / 2)
  const std::uint64_t m = h >= 0 ? v << 2 * h : v >> -2 * h;
  const std::int64_t c = root_table == nullptr ? divide(std::int64_t{1} << 32, square_root(m), Rounding::nearest_even)
                                               : root_table[(m >> 24) - 64];
  return {c, h - 32};
}

extern const IntegerNormRow kIntegerNormReference{.isa = Isa::reference, .in_doubles = false, .normalise = normalise};

}  // namespace ingot::engine::kernels
