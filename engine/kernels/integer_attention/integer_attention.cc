#include "engine/kernels/integer_attention/integer_attention.h"

#include <algorithm>
#include <vector>

#include "engine/base/divide.h"
#include "engine/base/threads.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/integer_attention/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr const IntegerAttentionRow* kRows[] = {
#if defined(__x86_64__)
    &kIntegerAttentionAvx512,
    &kIntegerAttentionAvx2,
#endif
    &kIntegerAttentionReference,
};

void run(const IntegerAttentionRow& row, const IntegerAttention& a, std::int64_t n_texts, const std::int32_t* offsets,
         const std::int32_t* q, const std::int32_t* k, const std::int32_t* v, std::int32_t* y) {
  const std::int64_t stride = a.n_heads * a.part;
  parallel_for(n_texts * a.n_heads, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t text = i / a.n_heads, at = offsets[text] * stride + i % a.n_heads * a.part;
      const std::int64_t n = offsets[text + 1] - offsets[text];
      const IntegerAttentionScratch scratch =
          row.in_words ? integer_attention_scratch(n, a.part) : IntegerAttentionScratch{};
      row.attend(a, {n, stride, q + at, k + at, v + at, y + at}, scratch);
    }
  });
}

}  // namespace

std::span<const IntegerAttentionRow* const> integer_attention_rows() { return kRows; }

IntegerAttentionScratch integer_attention_scratch(std::int64_t n, std::int64_t part) {
  const auto rows = static_cast<std::size_t>(round_up(n, kIntegerAttentionLanes)),
             numbers = static_cast<std::size_t>(round_up(part, kIntegerAttentionLanes));
  thread_local std::vector<std::int16_t> words;
  thread_local std::vector<std::int32_t> ints;
  thread_local std::vector<double> doubles;
  words.resize(std::max(words.size(), 2 * rows * numbers + numbers + rows));
  ints.resize(std::max(ints.size(), rows + numbers));
  doubles.resize(std::max(doubles.size(), 2 * numbers));
  std::int16_t* const word = words.data();
  return {.keys = word,
          .values = word + rows * numbers,
          .query = word + 2 * rows * numbers,
          .exponentials = word + 2 * rows * numbers + numbers,
          .scores = ints.data(),
          .sums = ints.data() + rows,
          .totals = doubles.data(),
          .value_sums = doubles.data() + numbers};
}

bool fits_words(const IntegerAttention& a) {
  constexpr std::int64_t kWord = 1 << 15, kMost = std::int64_t{1} << 31;
  return a.largest_query < kWord && a.largest_key < kWord && a.part * a.largest_query * a.largest_key < kMost &&
         a.largest_value <= 128 && a.longest <= kWord && a.rounding == Rounding::nearest_even;
}

void integer_attention(const IntegerAttention& attention, std::int64_t n_texts, const std::int32_t* offsets,
                       const std::int32_t* q, const std::int32_t* k, const std::int32_t* v, std::int32_t* y) {
  const IntegerAttentionRow& row = active_row(integer_attention_rows());
  run(row.in_words && !fits_words(attention) ? kIntegerAttentionReference : row, attention, n_texts, offsets, q, k, v,
      y);
}

void integer_attention_reference(const IntegerAttention& attention, std::int64_t n_texts, const std::int32_t* offsets,
                                 const std::int32_t* q, const std::int32_t* k, const std::int32_t* v, std::int32_t* y) {
  run(kIntegerAttentionReference, attention, n_texts, offsets, q, k, v, y);
}

}  // namespace ingot::engine::kernels
