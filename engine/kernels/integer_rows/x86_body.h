// Sums in 32 bits, tables of bytes in words of 16 bits. The including file has brought Ints.
#pragma once

#include "engine/kernels/integer_rows/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kStep = 2 * Ints::width;

template <class A, class B>
inline void add_as(std::int64_t n, const A* a, int left_a, const B* b, int left_b, int bytes, char* y) {
  const Ints shift_a = set1_ints(left_a), shift_b = set1_ints(left_b);
  std::int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    Ints sums[2];
    for (int half = 0; half < 2; ++half) {
      const std::int64_t at = i + half * Ints::width;
      sums[half] = add_ints(shift_left(load_wide(a + at), shift_a), shift_left(load_wide(b + at), shift_b));
    }
    if (bytes == 4) {
      store_ints(y + 4 * i, sums[0]);
      store_ints(y + 4 * (i + Ints::width), sums[1]);
    } else {
      store_low(y + bytes * i, bytes, sums[0], sums[1], kStep);
    }
  }
  for (; i < n; ++i) {
    const std::int32_t sum = a[i] * (1 << left_a) + b[i] * (1 << left_b);
    __builtin_memcpy(y + bytes * i, &sum, static_cast<std::size_t>(bytes));  // the low bytes come first
  }
}

template <class A>
inline void add_to(std::int64_t n, const A* a, int left, const Addend& b, int bytes, char* y) {
  switch (b.type) {
    case CodeType::s8:
      return add_as(n, a, left, static_cast<const std::int8_t*>(b.codes), b.left, bytes, y);
    case CodeType::s16:
      return add_as(n, a, left, static_cast<const std::int16_t*>(b.codes), b.left, bytes, y);
    default:
      return add_as(n, a, left, static_cast<const std::int32_t*>(b.codes), b.left, bytes, y);
  }
}

void add(std::int64_t n, const Addend& a, const Addend& b, CodeType type, void* y) {
  const int bytes = code_bytes(type);
  switch (a.type) {
    case CodeType::s8:
      return add_to(n, static_cast<const std::int8_t*>(a.codes), a.left, b, bytes, static_cast<char*>(y));
    case CodeType::s16:
      return add_to(n, static_cast<const std::int16_t*>(a.codes), a.left, b, bytes, static_cast<char*>(y));
    default:
      return add_to(n, static_cast<const std::int32_t*>(a.codes), a.left, b, bytes, static_cast<char*>(y));
  }
}

void look_up_bytes(std::int64_t n, const std::uint8_t* x, const std::int16_t* words, std::uint8_t* y) {
  const WordTable table(words);
  std::int64_t i = 0;
  for (; i + kStep <= n; i += kStep) store_low_bytes(y + i, table(load_unsigned_bytes(x + i)));
  for (; i < n; ++i) y[i] = static_cast<std::uint8_t>(words[x[i]]);
}

}  // namespace
}  // namespace ingot::engine::kernels
