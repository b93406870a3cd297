#include "engine/kernels/dropout/table.h"
#include "engine/kernels/simd/avx512.h"
// The body is written in the words of the header above.
#include "engine/kernels/dropout/x86_body.h"

namespace ingot::engine::kernels {

extern const DropoutRow kDropoutAvx512{.isa = Isa::avx512, .multiply = multiply, .multipliers = multipliers};

}  // namespace ingot::engine::kernels
