// The rows of integer_attention.cc's table, for dispatch and tests.
#pragma once

#include <span>

#include "engine/base/isa.h"
#include "engine/kernels/integer_attention/integer_attention.h"

namespace ingot::engine::kernels {

// A head of a text: its first row in each, n rows that are `stride` codes apart.
struct IntegerAttentionHead {
  std::int64_t n, stride;
  const std::int32_t *q, *k, *v;
  std::int32_t* y;
};

// Memory for a head, for rows of vectors of at most kIntegerAttentionLanes codes: n and part are rounded up to whole
// vectors.
inline constexpr std::int64_t kIntegerAttentionLanes = 16;
struct IntegerAttentionScratch {
  std::int16_t *keys, *values, *query, *exponentials;  // [part n], [n part], [part], [n]
  std::int32_t *scores, *sums;                         // [n], [part]
  double *totals, *value_sums;                         // [part]
};

struct IntegerAttentionRow {
  Isa isa;
  bool in_words;  // needs fits_words
  void (*attend)(const IntegerAttention& attention, const IntegerAttentionHead& head,
                 const IntegerAttentionScratch& scratch);
};

extern const IntegerAttentionRow kIntegerAttentionAvx512, kIntegerAttentionAvx2, kIntegerAttentionReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const IntegerAttentionRow* const> integer_attention_rows();

// Whether queries and keys have 16 bits and their products stay within 31, values have 8, sums of exponentials 31, and
// R is the one that the rows in words have.
bool fits_words(const IntegerAttention& attention);

// Enough for texts of n rows, until the next call of this thread.
IntegerAttentionScratch integer_attention_scratch(std::int64_t n, std::int64_t part);

}  // namespace ingot::engine::kernels
