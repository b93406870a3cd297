#include <bit>
#include <cmath>

#include "engine/kernels/integer_norm/table.h"

namespace ingot::engine::kernels {
namespace {

void normalise(const IntegerNorm& norm, std::int64_t m, const void* x, void* y) {
  for (std::int64_t first = 0; first < m * norm.n; first += norm.n) {
    std::int64_t sum = 0, squares = 0;
    for (std::int64_t i = first; i < first + norm.n; ++i) {
      const std::int64_t v = load_code(norm.from, x, i);
      sum += v;
      squares += v * v;
    }
    const std::int64_t variance = norm.n * squares - sum * sum + norm.epsilon;
    const InverseRoot root = variance > 0 ? inverse_root(variance, norm.root_table) : InverseRoot{0, -32};
    for (std::int64_t i = 0; i < norm.n; ++i) {
      const std::int64_t deviation = norm.n * load_code(norm.from, x, first + i) - sum;
      const std::int64_t z = round_shift(deviation * root.c, -root.exponent - norm.z_frac_bits, Rounding::nearest_even);
      const std::int64_t product = z * norm.gamma[i] + std::int64_t{norm.beta[i]} * (std::int64_t{1} << norm.beta_left);
      store_code(norm.to, y, first + i,
                 static_cast<std::int32_t>(requantize(product, norm.shift, norm.rounding, norm.range)));
    }
  }
}

}  // namespace

namespace {

// 4^h V has 31 or 32 bits.
struct Scaled {
  std::uint64_t m;
  int h;
};

Scaled scaled(std::int64_t variance) {
  const auto v = static_cast<std::uint64_t>(variance);
  const int left = 32 - std::bit_width(v), h = left >= 0 ? left / 2 : -((1 - left) / 2);  // floor(left / 2)
  return {h >= 0 ? v << 2 * h : v >> -2 * h, h};
}

}  // namespace

InverseRoot inverse_root(std::int64_t variance, const std::int32_t* root_table) {
  const auto [m, h] = scaled(variance);
  const std::int64_t c = root_table == nullptr ? divide(std::int64_t{1} << 32, square_root(m), Rounding::nearest_even)
                                               : root_table[(m >> 24) - 64];
  return {c, h - 32};
}

// The root of a double is rounded to the nearest, and that of r^2 - 1 is about r - 1 / (2 r), far from r: what is below
// its point may be cut off. 2^32 / r is never halfway between integers, since a divisor r of 2^33 divides 2^32, too.
InverseRoot fast_inverse_root(std::int64_t variance, const std::int32_t* root_table) {
  const auto [m, h] = scaled(variance);
  if (root_table != nullptr) return {root_table[(m >> 24) - 64], h - 32};
  const auto root = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(m)));
  return {static_cast<std::int64_t>(((std::uint64_t{1} << 32) + root / 2) / root), h - 32};
}

extern const IntegerNormRow kIntegerNormReference{.isa = Isa::reference, .in_doubles = false, .normalise = normalise};

}  // namespace ingot::engine::kernels
