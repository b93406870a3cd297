// The rows of fma_peak.cc's table, for dispatch and tests.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"

namespace ingot::engine::kernels {

struct FmaPeakRow {
  Isa isa;
  std::int64_t flops_per_step;
  // Runs that many steps on values that begin at `start` and above and tend to 1. The value depends on every operation,
  // so that none can be left out; it is 1 after 100 steps.
  float (*chains)(std::int64_t steps, float start);
};

extern const FmaPeakRow kFmaPeakAvx512, kFmaPeakAvx2, kFmaPeakReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const FmaPeakRow* const> fma_peak_rows();

}  // namespace ingot::engine::kernels
