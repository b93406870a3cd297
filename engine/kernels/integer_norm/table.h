// The rows of integer_norm.cc's table, for dispatch and tests.
#pragma once

#include <span>

#include "engine/base/isa.h"
#include "engine/kernels/integer_norm/integer_norm.h"

namespace ingot::engine::kernels {

// About c 2^exponent is 1 / sqrt V.
struct InverseRoot {
  std::int64_t c;
  int exponent;
};
// V >= 1.
InverseRoot inverse_root(std::int64_t variance, const std::int32_t* root_table);
// The same in doubles.
InverseRoot fast_inverse_root(std::int64_t variance, const std::int32_t* root_table);

struct IntegerNormRow {
  Isa isa;
  // Doubles hold what they compute, if those hold it: the sums of squares, d c, and z gamma + beta.
  bool in_doubles;
  void (*normalise)(const IntegerNorm& norm, std::int64_t m, const void* x, void* y);
};

extern const IntegerNormRow kIntegerNormAvx512, kIntegerNormAvx2, kIntegerNormReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const IntegerNormRow* const> integer_norm_rows();

// Whether every intermediate number has at most 53 bits, and R is the one that the rows in doubles have.
bool fits_doubles(const IntegerNorm& norm);

}  // namespace ingot::engine::kernels
