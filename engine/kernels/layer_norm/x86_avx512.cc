#include "engine/kernels/layer_norm/table.h"
#include "engine/kernels/simd/avx512.h"
// The body is written in the words of the header above.
#include "engine/kernels/layer_norm/x86_body.h"

namespace ingot::engine::kernels {

extern const LayerNormRow kLayerNormAvx512{.isa = Isa::avx512, .forward = forward, .backward = backward};

}  // namespace ingot::engine::kernels
