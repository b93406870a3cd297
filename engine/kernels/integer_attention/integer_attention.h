// Attention over integer codes: what compress/integer/ops/attention.h defines, for texts that lie one after another.
#pragma once

#include <cstdint>

#include "engine/base/fixed_point.h"

namespace ingot::engine::kernels {

struct IntegerAttention {
  std::int64_t n_heads, part;        // a row has n_heads parts
  std::int32_t multiplier;           // of q . k
  int shift;                         // to the unit of scores
  CodeRange scores;                  // what scores saturate to
  const std::int32_t* exponentials;  // [256], by the distance from the largest score; 0 .. 65535, the first above 0
  int output_left;                   // fraction bits that the output has more than the values
  Rounding rounding;
  CodeRange range;                                         // of the output
  std::int64_t largest_query, largest_key, largest_value;  // magnitudes
  std::int64_t longest;                                    // rows of a text, at most
};

// Text t owns the rows offsets[t] .. offsets[t + 1] - 1 of q, k, v and y, [n_rows, n_heads part]. Sums and quotients
// must stay within 52 bits: the caller has proved it.
void integer_attention(const IntegerAttention& attention, std::int64_t n_texts, const std::int32_t* offsets,
                       const std::int32_t* q, const std::int32_t* k, const std::int32_t* v, std::int32_t* y);

// The same by the reference alone.
void integer_attention_reference(const IntegerAttention& attention, std::int64_t n_texts, const std::int32_t* offsets,
                                 const std::int32_t* q, const std::int32_t* k, const std::int32_t* v, std::int32_t* y);

}  // namespace ingot::engine::kernels
