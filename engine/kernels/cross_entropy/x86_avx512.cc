#include "engine/kernels/cross_entropy/table.h"
#include "engine/kernels/simd/avx512.h"
// The body is written in the words of the header above.
#include "engine/kernels/cross_entropy/x86_body.h"

namespace ingot::engine::kernels {

extern const CrossEntropyRow kCrossEntropyAvx512{.isa = Isa::avx512, .sums = softmax_sums, .scale = scale};

}  // namespace ingot::engine::kernels
