#include "engine/kernels/peak/table.h"
#include "engine/kernels/simd/avx512.h"
// The body is written in the words of the header above.
#include "engine/kernels/peak/x86_body.h"

namespace ingot::engine::kernels {

extern const PeakRow kPeakAvx512{.isa = Isa::avx512, .flops_per_step = kFlopsPerStep, .chains = chains};

}  // namespace ingot::engine::kernels
