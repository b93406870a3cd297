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

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/kernels/integer_attention/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kRowsOfSum = 256;
constexpr std::int32_t kCentre = 1 << 15;

inline std::int64_t padded(std::int64_t n) { return (n + Ints::width - 1) / Ints::width * Ints::width; }

struct Scratch {
  std::vector<std::int16_t> keys, values, query, exponentials;
  std::vector<std::int32_t> scores, sums;
  std::vector<double> totals, value_sums;
};

void pack(const IntegerAttention& a, const IntegerAttentionHead& head, Scratch& s) {
  const std::int64_t n = head.n, keys = padded(n), part = padded(a.part), pairs = (a.part + 1) / 2;
  s.keys.assign(static_cast<std::size_t>(2 * pairs * keys), 0);
  s.values.assign(static_cast<std::size_t>((n + 1) / 2 * 2 * part), 0);
  s.value_sums.assign(static_cast<std::size_t>(part), 0);
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t p = 0; p < a.part; ++p) {
      s.keys[static_cast<std::size_t>((p / 2 * keys + j) * 2 + p % 2)] =
          static_cast<std::int16_t>(head.k[j * head.stride + p]);
      s.values[static_cast<std::size_t>((j / 2 * part + p) * 2 + j % 2)] =
          static_cast<std::int16_t>(head.v[j * head.stride + p]);
      s.value_sums[static_cast<std::size_t>(p)] += static_cast<double>(head.v[j * head.stride + p]) * kCentre;
    }
  }
  s.query.assign(static_cast<std::size_t>(2 * pairs), 0);
  s.scores.resize(static_cast<std::size_t>(keys));
  s.exponentials.assign(static_cast<std::size_t>(keys + 1), 0);
  s.sums.resize(static_cast<std::size_t>(part));
  s.totals.resize(static_cast<std::size_t>(part));
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

// Scores of a query in place of its products; returns the largest. Those behind the last key are the lowest.
std::int32_t round_scores(const IntegerAttention& a, std::int64_t n, std::vector<std::int32_t>& scores) {
  const Doubles factor = set1_doubles(std::ldexp(static_cast<double>(a.multiplier), -a.shift)),
                below = set1_doubles(static_cast<double>(a.scores.lowest)),
                above = set1_doubles(static_cast<double>(a.scores.highest));
  const auto size = static_cast<std::int64_t>(scores.size());
  for (std::int64_t j = 0; j < size; j += Doubles::width) {
    const Doubles rounded = nearest_even(load_codes(&scores[static_cast<std::size_t>(j)]) * factor);
    store_codes(&scores[static_cast<std::size_t>(j)], min(above, max(below, rounded)));
  }
  std::fill(scores.begin() + n, scores.end(), static_cast<std::int32_t>(a.scores.lowest));
  return *std::max_element(scores.begin(), scores.begin() + n);
}

// The exponentials of the scores, less 2^15; returns their sum.
std::int64_t exponentiate(const IntegerAttention& a, std::int64_t n, std::int32_t highest, Scratch& s) {
  std::int64_t total = 0;
  for (std::size_t j = 0; j < static_cast<std::size_t>(n); ++j) {
    const std::int32_t e = a.exponentials[std::min(highest - s.scores[j], 255)];
    total += e;
    s.exponentials[j] = static_cast<std::int16_t>(e - kCentre);
  }
  return total;
}

void weigh(const IntegerAttention& a, std::int64_t n, Scratch& s) {
  const std::int64_t part = padded(a.part);
  std::copy(s.value_sums.begin(), s.value_sums.end(), s.totals.begin());
  for (std::int64_t first = 0; first < n; first += kRowsOfSum) {
    const std::int64_t rows = std::min(kRowsOfSum, n - first);
    multiply_pairs((rows + 1) / 2, &s.exponentials[static_cast<std::size_t>(first)],
                   &s.values[static_cast<std::size_t>(first * part)], part, s.sums.data());
    for (std::size_t p = 0; p < static_cast<std::size_t>(part); ++p) s.totals[p] += s.sums[p];
  }
}

// The output codes of a query in s.sums.
void divide_totals(const IntegerAttention& a, double total, Scratch& s) {
  const Doubles factor = set1_doubles(std::ldexp(1.0, a.output_left)), divisor = set1_doubles(total),
                below = set1_doubles(static_cast<double>(a.range.lowest)),
                above = set1_doubles(static_cast<double>(a.range.highest));
  for (std::size_t p = 0; p < s.totals.size(); p += Doubles::width) {
    const Doubles quotient = nearest_even(load_doubles(&s.totals[p]) * factor / divisor);
    store_codes(&s.sums[p], min(above, max(below, quotient)));
  }
}

void attend(const IntegerAttention& a, const IntegerAttentionHead& head) {
  thread_local Scratch s;
  pack(a, head, s);
  const std::int64_t keys = padded(head.n), pairs = (a.part + 1) / 2;
  for (std::int64_t i = 0; i < head.n; ++i) {
    for (std::int64_t p = 0; p < a.part; ++p)
      s.query[static_cast<std::size_t>(p)] = static_cast<std::int16_t>(head.q[i * head.stride + p]);
    multiply_pairs(pairs, s.query.data(), s.keys.data(), keys, s.scores.data());
    const std::int32_t highest = round_scores(a, head.n, s.scores);
    const auto total = static_cast<double>(exponentiate(a, head.n, highest, s));
    weigh(a, head.n, s);
    divide_totals(a, total, s);
    std::copy_n(s.sums.begin(), a.part, head.y + i * head.stride);
  }
}

}  // namespace
}  // namespace ingot::engine::kernels
