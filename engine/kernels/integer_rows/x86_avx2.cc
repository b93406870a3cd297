#include "engine/kernels/integer_rows/table.h"
#include "engine/kernels/simd/ints_avx2.h"
// The body is written in the words of the header above.
#include "engine/kernels/integer_rows/x86_body.h"

namespace ingot::engine::kernels {

extern const IntegerRowsRow kIntegerRowsAvx2{.isa = Isa::avx2, .add = add, .look_up_bytes = look_up_bytes};

}  // namespace ingot::engine::kernels
