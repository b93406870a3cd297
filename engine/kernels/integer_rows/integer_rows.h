// Codes one by one: sums and tables, between the products of a model in integers.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/fixed_point.h"

namespace ingot::engine::kernels {

// n codes, times 2^left.
struct Addend {
  CodeType type;  // s8, s16 or s32
  const void* codes;
  int left;  // 0 to 30
};

// y = a 2^left + b 2^left, which the type holds: the caller has proved it. y may be where a is, if it has its type.
void add_codes(std::int64_t n, const Addend& a, const Addend& b, CodeType type, void* y);

// A function of codes of few bits, by its value for each of them.
class CodeTable {
 public:
  // `values`: by the low `width` bits of the input code, as an unsigned number; width is at most 16.
  CodeTable(CodeType from, int width, CodeType to, std::vector<std::int32_t> values);

  // y[i] = value(x[i])
  void look_up(std::int64_t n, const void* x, void* y) const;

 private:
  CodeType from_, to_;
  std::uint32_t mask_;
  std::vector<std::int32_t> values_;
  std::vector<std::int16_t> words_;  // of 256 bytes, if the codes on both sides have 8 bits
};

}  // namespace ingot::engine::kernels
