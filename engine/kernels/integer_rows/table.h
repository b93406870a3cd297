// The rows of integer_rows.cc's table, for dispatch and tests.
#pragma once

#include <span>

#include "engine/base/isa.h"
#include "engine/kernels/integer_rows/integer_rows.h"

namespace ingot::engine::kernels {

struct IntegerRowsRow {
  Isa isa;
  void (*add)(std::int64_t n, const Addend& a, const Addend& b, CodeType type, void* y);
  // Bytes: y = the low byte of words[x], words for all 256 bytes.
  void (*look_up_bytes)(std::int64_t n, const std::uint8_t* x, const std::int16_t* words, std::uint8_t* y);
};

extern const IntegerRowsRow kIntegerRowsAvx512, kIntegerRowsAvx2, kIntegerRowsReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const IntegerRowsRow* const> integer_rows_rows();

}  // namespace ingot::engine::kernels
