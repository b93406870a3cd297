// Layer normalisation of integer codes: the rows of compress/integer/ops/layer_norm.h, which defines each step.
#pragma once

#include <cstdint>

#include "engine/base/fixed_point.h"

namespace ingot::engine::kernels {

struct IntegerNorm {
  std::int64_t n;  // numbers of a row
  const std::int32_t *gamma, *beta;
  int beta_left;                   // beta's shift to the unit of z gamma
  std::int64_t epsilon;            // in units of V
  const std::int32_t* root_table;  // [192], or null: exact roots
  int z_frac_bits;
  int shift;  // from the unit of z gamma to that of the output
  Rounding rounding;
  CodeRange range;  // of the output
  // max |x|. Whatever is computed must stay within 62 bits: the caller has proved it.
  std::int64_t largest;
  CodeType from = CodeType::s32, to = CodeType::s32;  // what x and y are stored as
};

// y[m, n] from x[m, n].
void integer_norm(const IntegerNorm& norm, std::int64_t m, const void* x, void* y);

// The same by the reference alone, which defines the bits.
void integer_norm_reference(const IntegerNorm& norm, std::int64_t m, const void* x, void* y);

}  // namespace ingot::engine::kernels
