// Between float32 and fixed-point codes, by the definitions of base/fixed_point.h, the same bits on every processor.
// Threads inside.
#pragma once

#include <cstdint>

#include "engine/base/fixed_point.h"

namespace ingot::engine::kernels {

// Fraction bits of the codes in a matrix; any values.
struct FractionBits {
  enum class Per { tensor, row, column };

  Per per;
  const int* values;  // one, [rows] or [columns]
};

// Codes of a row-major matrix: code_bytes(type) bytes each, `stride` >= columns codes from row to row.
struct Codes {
  CodeType type;
  void* data;
  std::int64_t stride;
};

// codes = fixed_code(x[rows, columns], ..): NaN gives 0 and infinities saturate, so a caller who wants to refuse them
// looks at x first. ldx >= columns; range within the type.
void quantize(std::int64_t rows, std::int64_t columns, const float* x, std::int64_t ldx, FractionBits fraction_bits,
              Rounding rounding, CodeRange range, Codes codes);

// y = fixed_value(fixed_code(x, ..), ..) without storing the codes. NaN stays NaN, and a zero is always +0. y may be x.
void fake_quantize(std::int64_t n, const float* x, int fraction_bits, Rounding rounding, CodeRange range, float* y);

// The same for a row-major matrix with fraction_bits[rows].
void fake_quantize_rows(std::int64_t rows, std::int64_t columns, const float* x, const int* fraction_bits,
                        Rounding rounding, CodeRange range, float* y);

// x = fixed_value(codes[rows, columns], ..).
void dequantize(std::int64_t rows, std::int64_t columns, Codes codes, FractionBits fraction_bits, float* x,
                std::int64_t ldx);

}  // namespace ingot::engine::kernels
