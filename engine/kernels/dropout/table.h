// The rows of dropout.cc's table, for dispatch and tests. Every row gives the same bits.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"
#include "engine/kernels/dropout/dropout.h"

namespace ingot::engine::kernels {

// A Dropout in plain fields, as kernels take it.
struct DropoutMask {
  std::uint64_t seed;
  std::uint64_t stream;
  std::uint32_t threshold;  // 0: keeps everything
  float scale;
};

DropoutMask mask_of(const Dropout& dropout);

struct DropoutRow {
  Isa isa;
  // y = x times the multipliers of rows first_row .. first_row + n_rows - 1; y may be x.
  void (*multiply)(const DropoutMask& mask, std::int64_t first_row, std::int64_t n_rows, std::int64_t n_columns,
                   const float* x, float* y);
  // The multipliers of one row.
  void (*multipliers)(const DropoutMask& mask, std::int64_t row, std::int64_t n_columns, float* y);
};

extern const DropoutRow kDropoutAvx512, kDropoutAvx2, kDropoutReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const DropoutRow* const> dropout_rows();

}  // namespace ingot::engine::kernels
