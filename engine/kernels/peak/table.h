// The chains behind fma_peak, one per instruction set.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"

namespace ingot::engine::kernels {

struct PeakRow {
  Isa isa;
  std::int64_t flops_per_step;
  // Runs that many steps on values that begin at `start` and above and tend to 1. The value depends on every operation,
  // so that none can be left out; it is 1 after 100 steps.
  float (*chains)(std::int64_t steps, float start);
};

extern const PeakRow kPeakReference;
#if defined(__x86_64__)
extern const PeakRow kPeakAvx2;
extern const PeakRow kPeakAvx512;
#endif

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const PeakRow* const> peak_rows();

}  // namespace ingot::engine::kernels
