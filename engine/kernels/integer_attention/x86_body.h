// A head of a text in words of 16 bits: keys and values are packed in pairs, as one multiply-add takes them. The
// including file has brought Ints and Doubles.
//
//   keys     pairs of neighbouring numbers of a part:   k[pair, key, 2]    a step gives Ints::width scores of a query
//   values   pairs of neighbouring rows:                v[pair, number, 2] a step gives Ints::width sums of a query
//
// Exponentials have 16 bits without a sign, so e - 2^15 is multiplied, and 2^15 times the sum of the values is added
// again. A sum of 32 bits holds products of 256 rows. Scores and quotients are rounded in doubles, which hold them: a
// quotient is a multiple of 1 / (2 sum e) away from a tie, far more than a double is wrong by.
#pragma once

#include "engine/kernels/integer_attention/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kRowsOfSum = 256;
constexpr std::int32_t kCentre = 1 << 15;

inline std::int64_t padded(std::int64_t n) { return (n + Ints::width - 1) / Ints::width * Ints::width; }

using Scratch = IntegerAttentionScratch;

template <class T>
inline void clear(T* p, std::int64_t n) {
  __builtin_memset(p, 0, static_cast<std::size_t>(n) * sizeof(T));
}

void pack(const IntegerAttention& a, const IntegerAttentionHead& head, const Scratch& s) {
  const std::int64_t n = head.n, keys = padded(n), part = padded(a.part), pairs = (a.part + 1) / 2;
  clear(s.keys, 2 * pairs * keys);
  clear(s.values, (n + 1) / 2 * 2 * part);
  clear(s.value_sums, part);
  clear(s.query, 2 * pairs);
  clear(s.exponentials, keys);
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t p = 0; p < a.part; ++p) {
      s.keys[(p / 2 * keys + j) * 2 + p % 2] = static_cast<std::int16_t>(head.k[j * head.stride + p]);
      s.values[(j / 2 * part + p) * 2 + j % 2] = static_cast<std::int16_t>(head.v[j * head.stride + p]);
      s.value_sums[p] += static_cast<double>(head.v[j * head.stride + p]) * kCentre;
    }
  }
}

inline Ints pair_at(const std::int16_t* p) {
  std::int32_t both;
  __builtin_memcpy(&both, p, sizeof both);
  return set1_ints(both);
}

// out[width blocks] = sum over pairs of broadcast(x[pair]) packed[pair, .], `blocks` vectors at a time.
template <int kBlocks>
inline void multiply_block(std::int64_t pairs, const std::int16_t* x, const std::int16_t* packed, std::int64_t stride,
                           std::int32_t* out) {
  Ints sums[kBlocks];
  for (Ints& sum : sums) sum = set1_ints(0);
  for (std::int64_t i = 0; i < pairs; ++i) {
    const Ints both = pair_at(x + 2 * i);
    for (int b = 0; b < kBlocks; ++b)
      sums[b] = add_ints(sums[b], multiply_words(both, load_ints(packed + 2 * (i * stride + b * Ints::width))));
  }
  for (int b = 0; b < kBlocks; ++b) store_ints(out + b * Ints::width, sums[b]);
}

void multiply_pairs(std::int64_t pairs, const std::int16_t* x, const std::int16_t* packed, std::int64_t stride,
                    std::int32_t* out) {
  std::int64_t at = 0;
  for (; at + 4 * Ints::width <= stride; at += 4 * Ints::width)
    multiply_block<4>(pairs, x, packed + 2 * at, stride, out + at);
  for (; at < stride; at += Ints::width) multiply_block<1>(pairs, x, packed + 2 * at, stride, out + at);
}

// Scores of a query in place of its products; returns the largest.
std::int32_t round_scores(const IntegerAttention& a, std::int64_t n, std::int32_t* scores) {
  const Doubles factor = set1_doubles(__builtin_ldexp(static_cast<double>(a.multiplier), -a.shift)),
                below = set1_doubles(static_cast<double>(a.scores.lowest)),
                above = set1_doubles(static_cast<double>(a.scores.highest));
  for (std::int64_t j = 0; j < padded(n); j += Doubles::width)
    store_codes(scores + j, min(above, max(below, nearest_even(load_codes(scores + j) * factor))));
  std::int32_t highest = scores[0];
  for (std::int64_t j = 1; j < n; ++j) highest = scores[j] > highest ? scores[j] : highest;
  return highest;
}

// The exponentials of the scores, less 2^15; returns their sum.
std::int64_t exponentiate(const IntegerAttention& a, std::int64_t n, std::int32_t highest, const Scratch& s) {
  std::int64_t total = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    const std::int32_t distance = highest - s.scores[j], e = a.exponentials[distance < 255 ? distance : 255];
    total += e;
    s.exponentials[j] = static_cast<std::int16_t>(e - kCentre);
  }
  return total;
}

void weigh(const IntegerAttention& a, std::int64_t n, const Scratch& s) {
  const std::int64_t part = padded(a.part);
  for (std::int64_t p = 0; p < part; ++p) s.totals[p] = s.value_sums[p];
  for (std::int64_t first = 0; first < n; first += kRowsOfSum) {
    const std::int64_t rows = n - first < kRowsOfSum ? n - first : kRowsOfSum;
    multiply_pairs((rows + 1) / 2, s.exponentials + first, s.values + first * part, part, s.sums);
    for (std::int64_t p = 0; p < part; ++p) s.totals[p] += s.sums[p];
  }
}

// The output codes of a query in s.sums.
void divide_totals(const IntegerAttention& a, double total, const Scratch& s) {
  const Doubles factor = set1_doubles(__builtin_ldexp(1.0, a.output_left)), divisor = set1_doubles(total),
                below = set1_doubles(static_cast<double>(a.range.lowest)),
                above = set1_doubles(static_cast<double>(a.range.highest));
  for (std::int64_t p = 0; p < padded(a.part); p += Doubles::width) {
    const Doubles quotient = nearest_even(load_doubles(s.totals + p) * factor / divisor);
    store_codes(s.sums + p, min(above, max(below, quotient)));
  }
}

void attend(const IntegerAttention& a, const IntegerAttentionHead& head, const Scratch& s) {
  static_assert(Ints::width <= kIntegerAttentionLanes);
  pack(a, head, s);
  for (std::int64_t i = 0; i < head.n; ++i) {
    for (std::int64_t p = 0; p < a.part; ++p) s.query[p] = static_cast<std::int16_t>(head.q[i * head.stride + p]);
    multiply_pairs((a.part + 1) / 2, s.query, s.keys, padded(head.n), s.scores);
    const std::int32_t highest = round_scores(a, head.n, s.scores);
    const auto total = static_cast<double>(exponentiate(a, head.n, highest, s));
    weigh(a, head.n, s);
    divide_totals(a, total, s);
    for (std::int64_t p = 0; p < a.part; ++p) head.y[i * head.stride + p] = s.sums[p];
  }
}

}  // namespace
}  // namespace ingot::engine::kernels
