#include "engine/kernels/adamw/table.h"
#include "engine/kernels/simd/avx2.h"
// The body is written in the words of the header above.
#include "engine/kernels/adamw/x86_body.h"

namespace ingot::engine::kernels {

extern const AdamWRow kAdamWAvx2{.isa = Isa::avx2, .update = update, .sum_of_squares = squares};

}  // namespace ingot::engine::kernels
