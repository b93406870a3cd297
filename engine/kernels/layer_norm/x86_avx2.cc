#include "engine/kernels/layer_norm/table.h"
#include "engine/kernels/simd/avx2.h"
// The body is written in the words of the header above.
#include "engine/kernels/layer_norm/x86_body.h"

namespace ingot::engine::kernels {

extern const LayerNormRow kLayerNormAvx2{.isa = Isa::avx2, .forward = forward, .backward = backward};

}  // namespace ingot::engine::kernels
