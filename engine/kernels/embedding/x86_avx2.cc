#include "engine/kernels/embedding/table.h"
#include "engine/kernels/simd/avx2.h"
// The body is written in the words of the header above.
#include "engine/kernels/embedding/x86_body.h"

namespace ingot::engine::kernels {

extern const EmbeddingRow kEmbeddingAvx2{.isa = Isa::avx2, .gather = gather, .add_rows = add_rows};

}  // namespace ingot::engine::kernels
