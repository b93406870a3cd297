#include "engine/kernels/float_grid/table.h"
#include "engine/kernels/simd/ints_avx512.h"
#include "engine/kernels/simd/loops.h"
// The body is written in the words of the headers above.
#include "engine/kernels/float_grid/x86_body.h"

namespace ingot::engine::kernels {

extern const FloatGridRow kFloatGridAvx512{
    .isa = Isa::avx512, .largest_magnitudes = largest_magnitudes, .round_to_grids = round_to_grids};

}  // namespace ingot::engine::kernels
