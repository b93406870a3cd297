// To the nearest numbers of float grids (base/float_grid.h), the same bits on every processor. One thread: callers
// share runs among theirs.
#pragma once

#include <cstdint>

#include "engine/base/float_grid.h"

namespace ingot::engine::kernels {

// The largest |x| of each run of `length` > 0 neighbours: largest[runs] of x[runs, length]. NaN if a run holds one.
void largest_magnitudes(std::int64_t runs, std::int64_t length, const float* x, float* largest);

// y[runs, length] = the nearest numbers of grids[runs]; infinities give the largest, NaN stays, 0 is +0. y may be x.
void round_to_grids(std::int64_t runs, std::int64_t length, const FloatGrid* grids, const float* x, float* y);

}  // namespace ingot::engine::kernels
