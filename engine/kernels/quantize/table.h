// The rows of quantize.cc's table, for dispatch and tests.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/fixed_point.h"
#include "engine/base/isa.h"

namespace ingot::engine::kernels {

// n numbers and their codes, the factors between them powers of two: factors[i], or factors[0] for all.
struct QuantizeSpan {
  std::int64_t n;
  const double* factors;
  bool factor_each;
  CodeType type;
};

struct QuantizeRow {
  Isa isa;
  // codes[i] = min(highest, max(lowest, R(x[i] factor))); NaN gives 0.
  void (*quantize)(const QuantizeSpan& span, const float* x, Rounding rounding, double lowest, double highest,
                   void* codes);
  // y[i] = min(highest, max(lowest, R(x[i] factor))) / factor; NaN stays NaN. y may be x.
  void (*fake_quantize)(std::int64_t n, const float* x, double factor, Rounding rounding, double lowest, double highest,
                        float* y);
  // x[i] = codes[i] factor.
  void (*dequantize)(const QuantizeSpan& span, const void* codes, float* x);
};

extern const QuantizeRow kQuantizeAvx512, kQuantizeAvx2, kQuantizeReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const QuantizeRow* const> quantize_rows();

}  // namespace ingot::engine::kernels
