#include "engine/kernels/attention/table.h"
#include "engine/kernels/simd/avx512.h"
// The panels are written in the words of the header above, and the body in those of both.
#include "engine/kernels/attention/x86_tile.h"
//
#include "engine/kernels/attention/x86_body.h"

namespace ingot::engine::kernels {

extern const AttentionRow kAttentionAvx512{
    .isa = Isa::avx512, .forward = forward, .backward = backward, .scratch = scratch_floats};

}  // namespace ingot::engine::kernels
