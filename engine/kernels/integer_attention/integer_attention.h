// Attention over integer codes: what compress/integer/ops/attention.h defines, for texts that lie one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/fixed_point.h"

namespace ingot::engine::kernels {

struct FixedGemmRow;
struct IntegerAttentionRow;

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
// must stay within 52 bits: the caller has proved it. This defines the bits.
void integer_attention_reference(const IntegerAttention& attention, std::int64_t n_texts, const std::int32_t* offsets,
                                 const std::int32_t* q, const std::int32_t* k, const std::int32_t* v, std::int32_t* y);

// A head of a text: its first row in each, n rows that are `stride` codes apart.
struct IntegerAttentionHead {
  std::int64_t n, stride;
  const void *q, *k, *v;
  void* y;
};

// The same bits from codes in narrow types, a head and some rows at a time: callers share the work.
class FastAttention {
 public:
  struct Types {
    CodeType query, key, output;  // queries and keys: s8 or s16. Values are s8.
  };

  // Whether queries and keys have 16 bits and their products stay within 31, values have 8, scores 16, sums of
  // exponentials 31, and R is the one that the rows have.
  static bool serves(const IntegerAttention& attention, const Types& types);

  FastAttention(const IntegerAttention& attention, const Types& types);  // which it must serve
  // For tests: with these rows of the tables instead of the best.
  FastAttention(const IntegerAttention& attention, const Types& types, const IntegerAttentionRow& row,
                const FixedGemmRow& products);

  // Of what pack() writes for a text of n rows, a multiple of 64.
  std::int64_t packed_bytes(std::int64_t n) const;
  // The keys and values of a head as attend() reads them. `packed`: 64-byte aligned.
  void pack(const IntegerAttentionHead& head, std::byte* packed) const;
  // The rows [first, last) of y.
  void attend(const IntegerAttentionHead& head, const std::byte* packed, std::int64_t first, std::int64_t last) const;

 private:
  struct Packed;
  struct Space;

  Packed packed(const IntegerAttentionHead& head, std::byte* at) const;
  template <class Code, class Word>
  void pack_keys(const IntegerAttentionHead& head, const Packed& to, Word* words) const;
  void start_scores(const IntegerAttentionHead& head, const Packed& to) const;
  void pack_values(const IntegerAttentionHead& head, const Packed& to) const;
  void attend_rows(const IntegerAttentionHead& head, const Packed& packed, std::int64_t first, std::int64_t rows) const;
  void score(const IntegerAttentionHead& head, const Packed& packed, std::int64_t first, std::int64_t rows,
             const Space& space) const;
  void weigh(const Packed& packed, std::int64_t rows, const Space& space) const;

  IntegerAttention a_;
  Types types_;
  const IntegerAttentionRow& row_;
  const FixedGemmRow& products_;
  bool in_bytes_;                           // q . k is a product of bytes
  std::vector<std::int16_t> exponentials_;  // [256], less 2^15
};

}  // namespace ingot::engine::kernels
