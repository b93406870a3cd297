#include "engine/kernels/integer_norm/table.h"
#include "engine/kernels/simd/doubles_avx512.h"
// The body is written in the words of the header above.
#include "engine/kernels/integer_norm/x86_body.h"

namespace ingot::engine::kernels {

extern const IntegerNormRow kIntegerNormAvx512{.isa = Isa::avx512, .in_doubles = true, .normalise = normalise};

}  // namespace ingot::engine::kernels
