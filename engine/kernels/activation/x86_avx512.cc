#include "engine/kernels/activation/table.h"
#include "engine/kernels/simd/avx512.h"
// The body is written in the words of the header above.
#include "engine/kernels/activation/x86_body.h"

namespace ingot::engine::kernels {

extern const ActivationRow kActivationAvx512{.isa = Isa::avx512, .forward = forward, .backward = backward};

}  // namespace ingot::engine::kernels
