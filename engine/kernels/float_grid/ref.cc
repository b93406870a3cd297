// Normative: in double, where a float32 is normal whatever its exponent.
#include <cmath>

#include "engine/kernels/float_grid/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::uint64_t kExponentField = 0x7ff0'0000'0000'0000u;

// The sum rounds once: a + C, where C = 2^52 steps, has the step as its last bit, so that the processor rounds a to a
// multiple of it, ties to even.
void round_with_mantissa(const FloatGrid& grid, std::int64_t n, const float* x, float* y) {
  const double largest = grid.largest, lowest_normal = exp2_of(grid.lowest_exponent);
  const std::uint64_t to_steps = static_cast<std::uint64_t>(52 - grid.mantissa_bits) << 52;
  for (std::int64_t i = 0; i < n; ++i) {
    const double v = x[i], magnitude = std::fabs(v);
    const double a = magnitude > largest ? largest : magnitude;  // a NaN goes on
    const double binade = a > lowest_normal ? a : lowest_normal;
    const double c = std::bit_cast<double>((std::bit_cast<std::uint64_t>(binade) & kExponentField) + to_steps);
    y[i] = static_cast<float>(std::copysign((a + c) - c, v) + 0.0);
  }
}

// Without mantissa bits the numbers are powers of two, and what is rounded to even is the place of the exponent:
// E - lowest_exponent + 1, which is even with E + 1023 if lowest_exponent is even.
void round_to_powers(const FloatGrid& grid, std::int64_t n, const float* x, float* y) {
  const double largest = grid.largest, smallest = exp2_of(grid.lowest_exponent), half = 0.5 * smallest;
  const std::uint64_t flip = static_cast<std::uint64_t>(grid.lowest_exponent & 1);
  for (std::int64_t i = 0; i < n; ++i) {
    const double v = x[i], magnitude = std::fabs(v);
    const double a = magnitude > largest ? largest : magnitude;
    const std::uint64_t bits = std::bit_cast<std::uint64_t>(a), odd = ((bits >> 52) & 1) ^ flip;
    const double power = std::bit_cast<double>((bits + ((std::uint64_t{1} << 51) - 1) + odd) & kExponentField);
    const double r = a > half ? (power > smallest ? power : smallest) : 0.0;
    y[i] = static_cast<float>((a == a ? std::copysign(r, v) : v) + 0.0);
  }
}

void round_to_grids(std::int64_t runs, std::int64_t length, const FloatGrid* grids, const float* x, float* y) {
  for (std::int64_t run = 0; run < runs; ++run, x += length, y += length)
    (grids[run].mantissa_bits == 0 ? round_to_powers : round_with_mantissa)(grids[run], length, x, y);
}

// Without their signs, the bits of floats are ordered as the floats are, NaN above all.
void largest_magnitudes(std::int64_t runs, std::int64_t length, const float* x, float* largest) {
  for (std::int64_t run = 0; run < runs; ++run, x += length) {
    std::int32_t most = 0;
    for (std::int64_t i = 0; i < length; ++i) {
      const std::int32_t bits = std::bit_cast<std::int32_t>(x[i]) & 0x7fff'ffff;
      most = bits > most ? bits : most;
    }
    largest[run] = std::bit_cast<float>(most);
  }
}

}  // namespace

extern const FloatGridRow kFloatGridReference{
    .isa = Isa::reference, .largest_magnitudes = largest_magnitudes, .round_to_grids = round_to_grids};

}  // namespace ingot::engine::kernels
