#include "engine/kernels/integer_attention/table.h"
#include "engine/kernels/simd/doubles_avx2.h"
#include "engine/kernels/simd/ints_avx2.h"
// The body is written in the words of the headers above.
#include "engine/kernels/integer_attention/x86_body.h"

namespace ingot::engine::kernels {

extern const IntegerAttentionRow kIntegerAttentionAvx2{
    .isa = Isa::avx2, .soften = soften, .accumulate = accumulate, .divide = divide};

}  // namespace ingot::engine::kernels
