#include "engine/kernels/fma_peak/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr int kChains = 32;

// Each lane repeats x <- x / 2 + 1 / 2 from a start of its own (equal chains would be computed once): the limit is 1.
float chains(std::int64_t steps, float start) {
  float x[kChains];
  for (int i = 0; i < kChains; ++i) x[i] = start + static_cast<float>(i);
  for (std::int64_t step = 0; step < steps; ++step)
    for (float& lane : x) lane = lane * 0.5f + 0.5f;
  float smallest = x[0];
  for (const float lane : x) smallest = lane < smallest ? lane : smallest;
  return smallest;
}

}  // namespace

extern const FmaPeakRow kFmaPeakReference{.isa = Isa::reference, .flops_per_step = 2 * kChains, .chains = chains};

}  // namespace ingot::engine::kernels
