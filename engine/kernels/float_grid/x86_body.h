// Rounding to float grids over the bits of float32, written once for every width. The including file has brought Vec
// and Ints.
#pragma once

namespace ingot::engine::kernels {
namespace {

constexpr std::int32_t kMagnitude = 0x7fff'ffff, kSign = ~kMagnitude, kInfinity = 0x7f80'0000, kNormal = 1 << 23;

// Whether there is a magnitude between 0 and 2^-126, without exponent.
bool holds_subnormals(std::int64_t length, const float* x) {
  Ints most = set1_ints(0);
  for_lanes(length, [&](std::int64_t i, auto lanes) {
    const Ints magnitude = bit_and(bits_of(load(x + i, lanes)), set1_ints(kMagnitude));
    most = max_ints(most, select_less(magnitude, set1_ints(kNormal), magnitude, set1_ints(0)));
  });
  return highest(most) > 0;
}

// Whether the steps below, on bits of float32, round this run. Of a grid whose lowest normal numbers have no exponent
// as float32 they do so unless the run holds such numbers.
bool rounds_in_floats(const FloatGrid& grid, std::int64_t length, const float* x) {
  return grid.mantissa_bits < 23 && grid.lowest_exponent - grid.mantissa_bits <= 104 &&
         grid.largest == static_cast<double>(static_cast<float>(grid.largest)) &&
         (grid.lowest_exponent >= -126 || (grid.largest >= 0x1p-126 && !holds_subnormals(length, x)));
}

// A grid, in every lane.
struct GridLanes {
  Ints largest, lowest_normal, shift, below_half, flip, kept;
  Vec c;

  explicit GridLanes(const FloatGrid& grid) {
    const int m = grid.mantissa_bits, unused = 23 - m;
    largest = bits_of(set1(static_cast<float>(grid.largest)));
    const int lowest_exponent = grid.lowest_exponent > -126 ? grid.lowest_exponent : -126;
    lowest_normal = set1_ints((lowest_exponent + 127) << 23);
    shift = set1_ints(unused);
    below_half = set1_ints((1 << (unused - 1)) - 1);
    flip = set1_ints(m == 0 ? grid.lowest_exponent & 1 : 0);
    kept = set1_ints(-(1 << unused));
    c = floats_of(set1_ints((lowest_exponent + unused + 127) << 23));
  }

  // Bits of the nearest magnitude; a >= 0 are bits of a float. Above lowest_normal the bits that the mantissa lacks are
  // rounded to even by hand, and a carry goes on into the exponent; without mantissa the even places are those of the
  // exponent, as ref.cc has it. Below, the sum with C = 2^23 steps rounds, whose last bit is the step.
  Ints nearest(Ints a) const {
    const Ints odd = bit_xor(bit_and(shift_right(a, shift), set1_ints(1)), flip);
    const Ints normal = bit_and(add_ints(add_ints(a, below_half), odd), kept);
    return select_less(a, lowest_normal, bits_of((floats_of(a) + c) - c), normal);
  }
};

void round_run(const GridLanes& grid, std::int64_t length, const float* x, float* y) {
  for_lanes(length, [&](std::int64_t i, auto lanes) {
    const Ints bits = bits_of(load(x + i, lanes)), magnitude = bit_and(bits, set1_ints(kMagnitude));
    const Ints sign = bit_and(bits, set1_ints(kSign));
    const Ints rounded = bit_or(grid.nearest(min_ints(magnitude, grid.largest)), sign);
    const Ints all = select_less(set1_ints(kInfinity), magnitude, bits, rounded);  // NaN stays
    store(y + i, floats_of(all) + zero(), lanes);                                  // +0 for -0
  });
}

void round_to_grids(std::int64_t runs, std::int64_t length, const FloatGrid* grids, const float* x, float* y) {
  for (std::int64_t run = 0; run < runs; ++run, x += length, y += length) {
    if (rounds_in_floats(grids[run], length, x))
      round_run(GridLanes(grids[run]), length, x, y);
    else
      kFloatGridReference.round_to_grids(1, length, grids + run, x, y);
  }
}

void largest_magnitudes(std::int64_t runs, std::int64_t length, const float* x, float* largest) {
  for (std::int64_t run = 0; run < runs; ++run, x += length) {
    Ints most = set1_ints(0);
    for_lanes(length, [&](std::int64_t i, auto lanes) {
      most = max_ints(most, bit_and(bits_of(load(x + i, lanes)), set1_ints(kMagnitude)));
    });
    const std::int32_t bits = highest(most);
    __builtin_memcpy(largest + run, &bits, sizeof bits);
  }
}

}  // namespace
}  // namespace ingot::engine::kernels
