#include "engine/kernels/float_grid/float_grid.h"

#include "engine/kernels/dispatch.h"
#include "engine/kernels/float_grid/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr const FloatGridRow* kRows[] = {
#if defined(__x86_64__)
    &kFloatGridAvx512,
    &kFloatGridAvx2,
#endif
    &kFloatGridReference,
};

}  // namespace

std::span<const FloatGridRow* const> float_grid_rows() { return kRows; }

void largest_magnitudes(std::int64_t runs, std::int64_t length, const float* x, float* largest) {
  active_row(float_grid_rows()).largest_magnitudes(runs, length, x, largest);
}

void round_to_grids(std::int64_t runs, std::int64_t length, const FloatGrid* grids, const float* x, float* y) {
  active_row(float_grid_rows()).round_to_grids(runs, length, grids, x, y);
}

}  // namespace ingot::engine::kernels
