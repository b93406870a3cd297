#include "engine/kernels/integer_attention/table.h"
#include "engine/kernels/simd/doubles_avx512.h"
#include "engine/kernels/simd/ints_avx512.h"
// The body is written in the words of the headers above.
#include "engine/kernels/integer_attention/x86_body.h"

namespace ingot::engine::kernels {

extern const IntegerAttentionRow kIntegerAttentionAvx512{
    .isa = Isa::avx512, .soften = soften, .accumulate = accumulate, .divide = divide};

}  // namespace ingot::engine::kernels
