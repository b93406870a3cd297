#include "engine/kernels/cross_entropy/table.h"
#include "engine/kernels/simd/avx2.h"
// The body is written in the words of the header above.
#include "engine/kernels/cross_entropy/x86_body.h"

namespace ingot::engine::kernels {

extern const CrossEntropyRow kCrossEntropyAvx2{.isa = Isa::avx2, .sums = softmax_sums, .scale = scale};

}  // namespace ingot::engine::kernels
