// The rows of integer_attention.cc's table, for dispatch and tests.
#pragma once

#include <span>

#include "engine/base/isa.h"
#include "engine/kernels/integer_attention/integer_attention.h"

namespace ingot::engine::kernels {

// Rows of vectors have at most so many codes of 16 bits.
inline constexpr std::int64_t kIntegerAttentionLanes = 32;
// Exponentials have 16 bits without a sign; what is multiplied in words of 16 bits is e - 2^15.
inline constexpr std::int32_t kExponentialCentre = 1 << 15;

// From sums q . k to exponentials, m queries of a head with n keys.
struct SoftmaxBlock {
  std::int64_t m, n;
  std::int32_t* sums;  // [m, ld], room for whole vectors in each row; overwritten
  std::int64_t ld_sums;
  std::int32_t multiplier;
  int shift;
  bool is_shift;                     // multiplier 1 and 0 <= shift < 31: in 32 bits. Else in doubles
  CodeRange scores;                  // at most 16 bits
  const std::int16_t* exponentials;  // [256], less 2^15
  std::int16_t* weights;             // [m, ld]: exponentials less 2^15; what lies beyond n may be anything
  std::int64_t ld_weights;
  double* totals;  // [m]: sums of the exponentials
};

// y = R(sums 2^left / total), saturated: m rows of n.
struct DivideBlock {
  std::int64_t m, n;
  const double* sums;  // [m, ld], whole vectors
  std::int64_t ld_sums;
  const double* totals;  // [m]
  int left;
  CodeRange range;
  CodeType type;
  void* y;
  std::int64_t ld_y;  // in codes
};

struct IntegerAttentionRow {
  Isa isa;
  void (*soften)(const SoftmaxBlock& block);
  // sums[m, ld] += c[m, ld_c], n of each row, rounded up to whole vectors
  void (*accumulate)(std::int64_t m, std::int64_t n, const std::int32_t* c, std::int64_t ld_c, double* sums,
                     std::int64_t ld);
  void (*divide)(const DivideBlock& block);
};

extern const IntegerAttentionRow kIntegerAttentionAvx512, kIntegerAttentionAvx2, kIntegerAttentionReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const IntegerAttentionRow* const> integer_attention_rows();

}  // namespace ingot::engine::kernels
