// The rows of float_grid.cc's table, for dispatch and tests.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/float_grid.h"
#include "engine/base/isa.h"

namespace ingot::engine::kernels {

struct FloatGridRow {
  Isa isa;
  void (*largest_magnitudes)(std::int64_t runs, std::int64_t length, const float* x, float* largest);
  void (*round_to_grids)(std::int64_t runs, std::int64_t length, const FloatGrid* grids, const float* x, float* y);
};

extern const FloatGridRow kFloatGridAvx512, kFloatGridAvx2, kFloatGridReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const FloatGridRow* const> float_grid_rows();

}  // namespace ingot::engine::kernels
