// Softmax rows in words of 16 bits, quotients in doubles. The including file has brought Ints and Doubles.
//
// A quotient of doubles rounds as the exact one does: it is a multiple of 1 / (2 total) away from a tie, far more than
// a double is wrong by.
#pragma once

#include "engine/kernels/integer_attention/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kWords = 2 * Ints::width;
static_assert(kWords <= kIntegerAttentionLanes);

// Scores are rounded by Shift or by Factor: R(sum multiplier / 2^shift), saturated.
class Shift {
 public:
  explicit Shift(const SoftmaxBlock& b)
      : right_(set1_ints(b.shift)),
        half_(set1_ints(b.shift > 0 ? 1 << (b.shift - 1) : 0)),
        test_(set1_ints(b.shift > 0 ? static_cast<std::int32_t>((1u << b.shift) - 1) : -1)),
        below_(set1_ints(static_cast<std::int32_t>(b.scores.lowest))),
        above_(set1_ints(static_cast<std::int32_t>(b.scores.highest))) {}

  Ints operator()(const std::int32_t* sums) const {
    const Ints raised = add_ints(load_ints(sums), half_);
    return min_ints(above_, max_ints(below_, even_where_clear(shift_right(raised, right_), raised, test_)));
  }

 private:
  Ints right_, half_, test_, below_, above_;
};

class Factor {
 public:
  explicit Factor(const SoftmaxBlock& b)
      : factor_(set1_doubles(__builtin_ldexp(static_cast<double>(b.multiplier), -b.shift))),
        below_(set1_doubles(static_cast<double>(b.scores.lowest))),
        above_(set1_doubles(static_cast<double>(b.scores.highest))) {}

  Ints operator()(const std::int32_t* sums) const {
    std::int32_t codes[Ints::width];
    for (int i = 0; i < Ints::width; i += Doubles::width)
      store_codes(codes + i, min(above_, max(below_, nearest_even(load_codes(sums + i) * factor_))));
    return load_ints(codes);
  }

 private:
  Doubles factor_, below_, above_;
};

// The scores of a query in words, a padded row; returns the largest. What lies beyond n is a score, too.
template <class Round>
inline std::int16_t round_scores(const Round& round, std::int64_t n, std::int32_t* sums, std::int16_t* scores) {
  for (std::int64_t j = n; j % kWords != 0; ++j) sums[j] = sums[0];
  Ints highest = set1_words(-32768);
  for (std::int64_t j = 0; j < n; j += kWords) {
    store_low(scores + j, 2, round(sums + j), round(sums + j + Ints::width), kWords);
    highest = max_words(highest, load_ints(scores + j));
  }
  return highest_word(highest);
}

// Exponentials less 2^15 in place of scores; returns their sum without that.
inline double exponentiate(const WordTable& table, std::int64_t n, std::int16_t highest, std::int16_t* row) {
  const Ints top = set1_words(highest), most = set1_words(255), ones = set1_words(1);
  Ints sum = set1_ints(0);
  for (std::int64_t j = 0; j < n; j += kWords) {
    const Ints e = table(min_unsigned_words(subtract_words(top, load_ints(row + j)), most));
    store_ints(row + j, e);
    sum = add_ints(sum, multiply_words(e, ones));
  }
  double total = static_cast<double>(lane_sum(sum)) + static_cast<double>(n) * kExponentialCentre;
  for (std::int64_t j = n; j % kWords != 0; ++j) total -= row[j];
  return total;
}

template <class Round>
inline void soften_rows(const SoftmaxBlock& b) {
  const Round round(b);
  const WordTable table(b.exponentials);
  for (std::int64_t i = 0; i < b.m; ++i) {
    std::int16_t* const row = b.weights + i * b.ld_weights;
    const std::int16_t highest = round_scores(round, b.n, b.sums + i * b.ld_sums, row);
    b.totals[i] = exponentiate(table, b.n, highest, row);
  }
}

void soften(const SoftmaxBlock& b) { b.is_shift ? soften_rows<Shift>(b) : soften_rows<Factor>(b); }

void accumulate(std::int64_t m, std::int64_t n, const std::int32_t* c, std::int64_t ld_c, double* sums,
                std::int64_t ld) {
  for (std::int64_t i = 0; i < m; ++i, c += ld_c, sums += ld) {
    for (std::int64_t j = 0; j < n; j += Doubles::width)
      store_doubles(sums + j, load_doubles(sums + j) + load_codes(c + j));
  }
}

template <class Code>
inline void divide_rows(const DivideBlock& b) {
  const Doubles below = set1_doubles(static_cast<double>(b.range.lowest)),
                above = set1_doubles(static_cast<double>(b.range.highest));
  for (std::int64_t i = 0; i < b.m; ++i) {
    const double* sums = b.sums + i * b.ld_sums;
    Code* y = static_cast<Code*>(b.y) + i * b.ld_y;
    const Doubles total = set1_doubles(__builtin_ldexp(b.totals[i], -b.left));
    for (std::int64_t j = 0; j < b.n; j += Doubles::width) {
      const Doubles code = min(above, max(below, nearest_even(load_doubles(sums + j) / total)));
      if (j + Doubles::width <= b.n) {
        store_codes(y + j, code);
      } else {
        Code codes[Doubles::width];
        store_codes(codes, code);
        for (std::int64_t lane = 0; j + lane < b.n; ++lane) y[j + lane] = codes[lane];
      }
    }
  }
}

void divide(const DivideBlock& b) {
  switch (b.type) {
    case CodeType::s8:
      return divide_rows<std::int8_t>(b);
    case CodeType::u8:
      return divide_rows<std::uint8_t>(b);
    case CodeType::s16:
      return divide_rows<std::int16_t>(b);
    case CodeType::s32:
      return divide_rows<std::int32_t>(b);
  }
}

}  // namespace
}  // namespace ingot::engine::kernels
