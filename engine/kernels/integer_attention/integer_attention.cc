// Attention in integers: how a head is packed, and what becomes of some of its queries.
//
// Both products are those of kernels/fixed_gemm, whose rows of the table multiply panels. Keys and values take the
// place of weights:
//
//   keys     channels are the keys, inputs the numbers of a part
//   values   channels are the numbers of a part, inputs the keys, in words of 16 bits
//
// Exponentials have 16 bits without a sign, so e - 2^15 is multiplied, and 2^15 times the sum of the values is added
// again. A sum of 32 bits holds the products of 256 keys; sums of more are added up in doubles, which hold them.
#include "engine/kernels/integer_attention/integer_attention.h"

#include <algorithm>
#include <cstring>

#include "engine/base/divide.h"
#include "engine/base/scratch.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/fixed_gemm/table.h"
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

constexpr std::int64_t kKeysOfSum = 256;
constexpr std::int64_t kLine = 64;
constexpr std::uint8_t kOffset = 128;             // makes signed queries unsigned bytes
constexpr std::int64_t kScoreBytes = 24 * 1024;   // of the scores that a block of queries has: they stay near
constexpr std::int64_t kFewest = 12, kMost = 48;  // queries of a block: multiples of every tile's height

const void* at(const void* p, std::int64_t bytes) { return static_cast<const std::byte*>(p) + bytes; }

// A product of one panel, its groups one after another. `start`: where sums begin; null: 0.
template <class Activation, class Weight>
FixedBlock<Activation, Weight> block_of(std::int64_t m, std::int64_t groups, const Activation* a, std::int64_t lda,
                                        const Weight* b, const std::int32_t* start, std::int32_t* c, std::int64_t ldc) {
  return {.m = m,
          .groups = groups,
          .a = a,
          .lda = lda,
          .b = b,
          .at = nullptr,
          .depth = 1,
          .n_deep = 0,
          .start = start,
          .c = c,
          .ldc = ldc};
}

// Room for `bytes` behind what was taken before, in whole cache lines.
template <class T>
T* take(std::byte*& from, std::int64_t n) {
  T* const taken = reinterpret_cast<T*>(from);
  from += round_up(n * static_cast<std::int64_t>(sizeof(T)), kLine);
  return taken;
}

}  // namespace

std::span<const IntegerAttentionRow* const> integer_attention_rows() { return kRows; }

// A head's keys and values.
struct FastAttention::Packed {
  std::int64_t n, key_panels, key_groups, value_panels, value_groups;
  std::int8_t* key_bytes;
  std::int16_t* key_words;  // of both one
  std::int32_t* start;      // where scores begin: it takes the offset of the queries back
  std::int16_t* values;
  std::int32_t* value_sums;
  std::int64_t bytes;
};

// What a block of queries needs.
struct FastAttention::Space {
  std::uint8_t* query_bytes;
  std::int16_t* query_words;
  std::int32_t *sums, *products;
  std::int16_t* weights;
  double *totals, *value_sums;
  std::int64_t ld_query, ld, ld_values;  // in elements
};

bool FastAttention::serves(const IntegerAttention& a, const Types& types) {
  constexpr std::int64_t kWord = 1 << 15, kSum = std::int64_t{1} << 31;
  const auto narrow = [](CodeType type) { return type == CodeType::s8 || type == CodeType::s16; };
  return narrow(types.query) && narrow(types.key) && a.part * a.largest_query * a.largest_key < kSum &&
         a.largest_value <= 128 && a.longest <= kWord && a.scores.lowest >= -kWord && a.scores.highest < kWord &&
         a.rounding == Rounding::nearest_even;
}

FastAttention::FastAttention(const IntegerAttention& attention, const Types& types)
    : FastAttention(attention, types, active_row(integer_attention_rows()), active_row(fixed_gemm_rows())) {}

FastAttention::FastAttention(const IntegerAttention& attention, const Types& types, const IntegerAttentionRow& row,
                             const FixedGemmRow& products)
    : a_(attention),
      types_(types),
      row_(row),
      products_(products),
      in_bytes_(products.wide_bytes && types.query == CodeType::s8 && types.key == CodeType::s8) {
  for (int t = 0; t < 256; ++t)
    exponentials_.push_back(static_cast<std::int16_t>(attention.exponentials[t] - kExponentialCentre));
}

FastAttention::Packed FastAttention::packed(const IntegerAttentionHead& head, std::byte* const from) const {
  const std::int64_t panel = products_.panel, group = in_bytes_ ? 4 : 2;
  Packed p{.n = head.n,
           .key_panels = ceil_div(head.n, panel),
           .key_groups = ceil_div(a_.part, group),
           .value_panels = ceil_div(a_.part, panel),
           .value_groups = ceil_div(head.n, 2)};
  std::byte* next = from;
  const std::int64_t key_codes = p.key_panels * panel * p.key_groups * group;
  if (in_bytes_) {
    p.key_bytes = take<std::int8_t>(next, key_codes);
    p.start = take<std::int32_t>(next, p.key_panels * panel);
  } else {
    p.key_words = take<std::int16_t>(next, key_codes);
  }
  p.values = take<std::int16_t>(next, p.value_panels * panel * p.value_groups * 2);
  p.value_sums = take<std::int32_t>(next, p.value_panels * panel);
  p.bytes = next - from;
  return p;
}

std::int64_t FastAttention::packed_bytes(std::int64_t n) const {
  return packed({.n = n, .stride = 0, .q = nullptr, .k = nullptr, .v = nullptr, .y = nullptr}, nullptr).bytes;
}

template <class Code, class Word>
void FastAttention::pack_keys(const IntegerAttentionHead& head, const Packed& to, Word* words) const {
  constexpr std::int64_t kGroup = 4 / sizeof(Word);
  const std::int64_t panel = products_.panel, whole = a_.part / kGroup, over = a_.part % kGroup;
  std::fill(words, words + to.key_panels * panel * to.key_groups * kGroup, Word{0});
  for (std::int64_t key = 0; key < head.n; ++key) {
    const Code* k = static_cast<const Code*>(head.k) + key * head.stride;
    Word* group = words + (key / panel * to.key_groups * panel + key % panel) * kGroup;
    for (std::int64_t g = 0; g < whole; ++g, k += kGroup, group += panel * kGroup)
      for (std::int64_t i = 0; i < kGroup; ++i) group[i] = static_cast<Word>(k[i]);
    for (std::int64_t i = 0; i < over; ++i) group[i] = static_cast<Word>(k[i]);
  }
}

void FastAttention::start_scores(const IntegerAttentionHead& head, const Packed& to) const {
  std::fill(to.start, to.start + to.key_panels * products_.panel, 0);
  for (std::int64_t key = 0; key < head.n; ++key) {
    const auto* k = static_cast<const std::int8_t*>(head.k) + key * head.stride;
    std::int32_t sum = 0;
    for (std::int64_t p = 0; p < a_.part; ++p) sum += k[p];
    to.start[key] = -kOffset * sum;
  }
}

void FastAttention::pack_values(const IntegerAttentionHead& head, const Packed& to) const {
  const std::int64_t panel = products_.panel, padded = to.value_panels * panel;
  std::fill(to.values, to.values + padded * to.value_groups * 2, std::int16_t{0});
  std::fill(to.value_sums, to.value_sums + padded, 0);
  for (std::int64_t row = 0; row < head.n; ++row) {
    const auto* v = static_cast<const std::int8_t*>(head.v) + row * head.stride;
    for (std::int64_t p = 0; p < a_.part; ++p) to.value_sums[p] += v[p];
    for (std::int64_t i = 0; i < to.value_panels; ++i, v += panel) {
      std::int16_t* word = to.values + (i * to.value_groups + row / 2) * panel * 2 + row % 2;
      const std::int64_t numbers = std::min(panel, a_.part - i * panel);
      for (std::int64_t j = 0; j < numbers; ++j) word[2 * j] = v[j];
    }
  }
}

void FastAttention::pack(const IntegerAttentionHead& head, std::byte* to) const {
  const Packed p = packed(head, to);
  if (in_bytes_) {
    pack_keys<std::int8_t>(head, p, p.key_bytes);
    start_scores(head, p);
  } else if (types_.key == CodeType::s8) {
    pack_keys<std::int8_t>(head, p, p.key_words);
  } else {
    pack_keys<std::int16_t>(head, p, p.key_words);
  }
  pack_values(head, p);
}

// sums[rows, keys] = q . k.
void FastAttention::score(const IntegerAttentionHead& head, const Packed& p, std::int64_t first, std::int64_t rows,
                          const Space& s) const {
  const std::int64_t panel = products_.panel, bytes = code_bytes(types_.query);
  const PackBlock from{.m = rows,
                       .k = a_.part,
                       .from = static_cast<const std::uint8_t*>(at(head.q, first * head.stride * bytes)),
                       .ld_from = head.stride};
  if (in_bytes_) {
    products_.pack_bytes(from, kOffset, s.query_bytes, s.ld_query);
  } else if (types_.query == CodeType::s8) {
    products_.widen_bytes(from, true, s.query_words, s.ld_query);
  } else {
    for (std::int64_t i = 0; i < rows; ++i) {
      std::int16_t* const q = s.query_words + i * s.ld_query;
      q[2 * p.key_groups - 1] = 0;
      std::memcpy(q, from.from + i * head.stride * bytes, static_cast<std::size_t>(a_.part * bytes));
    }
  }
  for (std::int64_t i = 0; i < p.key_panels; ++i) {
    std::int32_t* const sums = s.sums + i * panel;
    if (in_bytes_) {
      products_.multiply_bytes(block_of(rows, p.key_groups, s.query_bytes, s.ld_query,
                                        p.key_bytes + i * panel * p.key_groups * 4, p.start + i * panel, sums, s.ld));
    } else {
      products_.multiply_words(block_of(rows, p.key_groups, s.query_words, s.ld_query,
                                        p.key_words + i * panel * p.key_groups * 2, nullptr, sums, s.ld));
    }
  }
}

// value_sums[rows, part] = sum e v.
void FastAttention::weigh(const Packed& p, std::int64_t rows, const Space& s) const {
  const std::int64_t panel = products_.panel;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < s.ld_values; ++j)
      s.value_sums[i * s.ld_values + j] = static_cast<double>(p.value_sums[j]) * kExponentialCentre;
  }
  for (std::int64_t i = 0; i < p.value_panels; ++i) {
    const std::int64_t numbers = std::min(panel, a_.part - i * panel);
    for (std::int64_t first = 0; first < p.n; first += kKeysOfSum) {
      products_.multiply_words(block_of(rows, ceil_div(std::min(kKeysOfSum, p.n - first), 2), s.weights + first, s.ld,
                                        p.values + (i * p.value_groups + first / 2) * panel * 2, nullptr, s.products,
                                        panel));
      row_.accumulate(rows, numbers, s.products, panel, s.value_sums + i * panel, s.ld_values);
    }
  }
}

void FastAttention::attend_rows(const IntegerAttentionHead& head, const Packed& p, std::int64_t first,
                                std::int64_t rows) const {
  const std::int64_t panel = products_.panel;
  Space s{.ld_query = (ceil_div(a_.part, kLine) | 1) * kLine,
          .ld = round_up(p.key_panels * panel, kIntegerAttentionLanes),
          .ld_values = p.value_panels * panel};
  const std::int64_t bytes = rows * (s.ld_query * 2 + s.ld * 6 + panel * 4 + s.ld_values * 8 + 8) + 8 * kLine;
  std::byte* next = reinterpret_cast<std::byte*>(scratch(Scratch::integer_attention, bytes / 4));
  s.query_words = take<std::int16_t>(next, rows * s.ld_query);
  s.query_bytes = reinterpret_cast<std::uint8_t*>(s.query_words);
  s.sums = take<std::int32_t>(next, rows * s.ld);
  s.weights = take<std::int16_t>(next, rows * s.ld);
  s.products = take<std::int32_t>(next, rows * panel);
  s.value_sums = take<double>(next, rows * s.ld_values);
  s.totals = take<double>(next, rows);
  score(head, p, first, rows, s);
  const std::int64_t largest_sum = a_.part * a_.largest_query * a_.largest_key;
  row_.soften({.m = rows,
               .n = p.n,
               .sums = s.sums,
               .ld_sums = s.ld,
               .multiplier = a_.multiplier,
               .shift = a_.shift,
               .is_shift = a_.multiplier == 1 && a_.shift >= 0 && a_.shift < 30 &&
                           largest_sum + (std::int64_t{1} << a_.shift) < std::int64_t{1} << 31,
               .scores = a_.scores,
               .exponentials = exponentials_.data(),
               .weights = s.weights,
               .ld_weights = s.ld,
               .totals = s.totals});
  weigh(p, rows, s);
  row_.divide({.m = rows,
               .n = a_.part,
               .sums = s.value_sums,
               .ld_sums = s.ld_values,
               .totals = s.totals,
               .left = a_.output_left,
               .range = a_.range,
               .type = types_.output,
               .y = const_cast<void*>(at(head.y, first * head.stride * code_bytes(types_.output))),
               .ld_y = head.stride});
}

void FastAttention::attend(const IntegerAttentionHead& head, const std::byte* packed_head, std::int64_t first,
                           std::int64_t last) const {
  const Packed p = packed(head, const_cast<std::byte*>(packed_head));
  const std::int64_t fit = kScoreBytes / (4 * p.key_panels * products_.panel) / kFewest * kFewest;
  const std::int64_t height = std::clamp(fit, kFewest, kMost);
  for (std::int64_t i = first; i < last; i += height) attend_rows(head, p, i, std::min(height, last - i));
}

}  // namespace ingot::engine::kernels
