#include "engine/kernels/embedding/table.h"
#include "engine/kernels/simd/avx512.h"
// The body is written in the words of the header above.
#include "engine/kernels/embedding/x86_body.h"

namespace ingot::engine::kernels {

extern const EmbeddingRow kEmbeddingAvx512{.isa = Isa::avx512, .gather = gather, .add_rows = add_rows};

}  // namespace ingot::engine::kernels
