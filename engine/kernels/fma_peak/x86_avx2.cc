#include "engine/kernels/fma_peak/table.h"
#include "engine/kernels/simd/avx2.h"
// The body is written in the words of the header above.
#include "engine/kernels/fma_peak/x86_body.h"

namespace ingot::engine::kernels {

extern const FmaPeakRow kFmaPeakAvx2{.isa = Isa::avx2, .flops_per_step = kFlopsPerStep, .chains = chains};

}  // namespace ingot::engine::kernels
