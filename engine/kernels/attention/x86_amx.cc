#include "engine/kernels/attention/table.h"
#include "engine/kernels/bf16_gemm/x86_multiply_amx.h"
// The panels are written in the words of the headers above, and the body in those of all.
#include "engine/kernels/attention/x86_bf16_tile.h"
//
#include "engine/kernels/attention/x86_body.h"

namespace ingot::engine::kernels {

extern const AttentionRow kAttentionAmx{
    .isa = Isa::amx, .forward = forward, .backward = backward, .scratch = scratch_floats};

}  // namespace ingot::engine::kernels
