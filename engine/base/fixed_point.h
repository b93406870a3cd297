// Fixed-point numbers: the one definition of rounding and saturation, for training, integer kernels and hardware alike.
//
// A code q with f fraction bits stands for the number q 2^-f; f may be negative or larger than the code's width. Moving
// a code from f to g fraction bits is a shift by s = f - g:
//
//   requantize(q, s) = min(highest, max(lowest, R(q / 2^s)))
//
// where q / 2^s is exact and R rounds it to an integer. Nothing between those two steps is rounded, and a float's code
// is defined in the same way: min(highest, max(lowest, R(x 2^f))). divide() does the same where the divisor is no power
// of two.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace ingot::engine {

// R(v): the neighbouring integer ...
enum class Rounding {
  nearest_even,  // nearest to v, of two equally near ones the even one
  floor,         // below v: in two's complement, bits are dropped
  half_away,     // nearest to v, of two equally near ones the one farther from 0
};

// What codes are stored as: two's complement, or unsigned.
enum class CodeType { s8, u8, s16, s32 };

// The codes that a number may take; lowest <= 0 <= highest.
struct CodeRange {
  std::int64_t lowest, highest;

  friend constexpr bool operator==(CodeRange, CodeRange) = default;
};

// All codes of `width` bits, 1 <= width <= 32.
constexpr CodeRange code_range(int width, bool is_signed) {
  const std::int64_t count = std::int64_t{1} << width;
  return is_signed ? CodeRange{-count / 2, count / 2 - 1} : CodeRange{0, count - 1};
}

constexpr int code_bytes(CodeType type) { return type == CodeType::s32 ? 4 : type == CodeType::s16 ? 2 : 1; }
constexpr CodeRange code_range(CodeType type) { return code_range(8 * code_bytes(type), type != CodeType::u8); }

// Code `at` of an array of the type.
inline std::int32_t load_code(CodeType type, const void* codes, std::int64_t at) {
  switch (type) {
    case CodeType::s8:
      return static_cast<const std::int8_t*>(codes)[at];
    case CodeType::u8:
      return static_cast<const std::uint8_t*>(codes)[at];
    case CodeType::s16:
      return static_cast<const std::int16_t*>(codes)[at];
    case CodeType::s32:
      break;
  }
  return static_cast<const std::int32_t*>(codes)[at];
}

// The code is within the type.
inline void store_code(CodeType type, void* codes, std::int64_t at, std::int32_t code) {
  switch (type) {
    case CodeType::s8:
    case CodeType::u8:
      static_cast<std::uint8_t*>(codes)[at] = static_cast<std::uint8_t>(code);
      return;
    case CodeType::s16:
      static_cast<std::int16_t*>(codes)[at] = static_cast<std::int16_t>(code);
      return;
    case CodeType::s32:
      static_cast<std::int32_t*>(codes)[at] = code;
      return;
  }
}

constexpr std::int64_t saturate(std::int64_t code, CodeRange range) {
  return std::clamp(code, range.lowest, range.highest);
}

// R(x / 2^shift) for any shift. A negative shift multiplies by 2^-shift and saturates to 64 bits, which no code of at
// most 32 bits can tell from the exact product.
constexpr std::int64_t round_shift(std::int64_t x, int shift, Rounding rounding) {
  using Limits = std::numeric_limits<std::int64_t>;
  if (shift <= 0) {
    const int left = std::min(-std::max(shift, -64), 63);
    if (x > Limits::max() >> left) return Limits::max();
    if (x < Limits::min() >> left) return Limits::min();
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(x) << left);
  }
  if (shift > 63) {  // |x / 2^shift| <= 1/2, with equality for the lowest x and shift 64
    const bool away = rounding == Rounding::half_away && shift == 64 && x == Limits::min();
    return away || (rounding == Rounding::floor && x < 0) ? -1 : 0;
  }
  const std::int64_t floor = x >> shift;
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  const std::uint64_t remainder = static_cast<std::uint64_t>(x) & (2 * half - 1);  // of the floor, in units of 2^-shift
  const bool tie_up = rounding == Rounding::nearest_even ? (floor & 1) != 0 : x >= 0;
  const bool up = rounding != Rounding::floor && (remainder > half || (remainder == half && tie_up));
  return floor + (up ? 1 : 0);
}

// The code, with `shift` fraction bits fewer.
constexpr std::int64_t requantize(std::int64_t code, int shift, Rounding rounding, CodeRange range) {
  return saturate(round_shift(code, shift, rounding), range);
}

// R(numerator / denominator), denominator >= 1: the exact quotient, rounded once.
constexpr std::int64_t divide(std::int64_t numerator, std::int64_t denominator, Rounding rounding) {
  const std::int64_t truncated = numerator / denominator, rest = numerator % denominator;
  const std::int64_t floor = rest < 0 ? truncated - 1 : truncated;
  const std::int64_t remainder = rest < 0 ? rest + denominator : rest;  // of the floor, 0 <= remainder < denominator
  const std::int64_t to_next = denominator - remainder;
  const bool tie_up = rounding == Rounding::nearest_even ? (floor & 1) != 0 : numerator >= 0;
  const bool up = rounding != Rounding::floor && (remainder > to_next || (remainder == to_next && tie_up));
  return floor + (up ? 1 : 0);
}

// The largest integer whose square is at most x. Digit by digit, as hardware does it: one bit of the root a step.
constexpr std::uint32_t square_root(std::uint64_t x) {
  std::uint64_t rest = x, root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 62; bit != 0; bit >>= 2) {
    const bool fits = rest >= root + bit;
    if (fits) rest -= root + bit;
    root = (root >> 1) + (fits ? bit : 0);
  }
  return static_cast<std::uint32_t>(root);
}

// 2^f as a factor of a float32 or of a code of at most 32 bits. Beyond 2^+-512 every such product but 0 is above all
// codes and floats, or below half of the smallest, so the exponent may stop there and the factor is a normal double.
inline double power_of_two(int exponent) { return std::ldexp(1.0, std::clamp(exponent, -512, 512)); }

// The code of x with frac_bits fraction bits; |lowest|, |highest| <= 2^32. Infinities saturate, NaN gives 0.
// x 2^f is exact in double, as is its distance to the integer below where that decides.
inline std::int64_t fixed_code(float x, int frac_bits, Rounding rounding, CodeRange range) {
  if (std::isnan(x)) return 0;
  const double scaled = static_cast<double>(x) * power_of_two(frac_bits);
  const double value = std::clamp(scaled, static_cast<double>(range.lowest), static_cast<double>(range.highest));
  const double floor = std::floor(value), remainder = value - floor;
  const auto code = static_cast<std::int64_t>(floor);
  const bool tie_up = rounding == Rounding::nearest_even ? (code & 1) != 0 : value >= 0.0;
  const bool up = rounding != Rounding::floor && (remainder > 0.5 || (remainder == 0.5 && tie_up));
  return code + (up ? 1 : 0);
}

// The number that a code of at most 32 bits stands for, rounded to float32 (nearest, ties to even) if it has more than
// 24 significant bits or lies outside the normal range.
inline float fixed_value(std::int64_t code, int frac_bits) {
  return static_cast<float>(static_cast<double>(code) * power_of_two(-std::clamp(frac_bits, -512, 512)));
}

// The smallest and the largest number of fixed(width, frac_bits): exact while |frac_bits| <= 512.
struct FixedRange {
  double lowest, highest;
};
inline FixedRange fixed_range(int width, int frac_bits, bool is_signed) {
  const CodeRange codes = code_range(width, is_signed);
  const double unit = power_of_two(-std::clamp(frac_bits, -512, 512));
  return {static_cast<double>(codes.lowest) * unit, static_cast<double>(codes.highest) * unit};
}

}  // namespace ingot::engine
