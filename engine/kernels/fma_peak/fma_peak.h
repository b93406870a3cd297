// The arithmetic limit of this processor, as measured: the yardstick of every kernel.
#pragma once

namespace ingot::engine::kernels {

// Floating-point operations per second (a fused multiply-add is two) of n_threads >= 1 threads together, each running
// chains of multiply-adds that never leave the registers, with the vectors of active_isa(). Takes about 1 ms.
double fma_peak(int n_threads);

}  // namespace ingot::engine::kernels
