// The chains over Vec. Twelve of them: two units with a latency of four or five cycles each.
#pragma once

namespace ingot::engine::kernels {
namespace {

constexpr int kChains = 12;
constexpr std::int64_t kFlopsPerStep = 2 * kChains * Vec::width;

// Each lane repeats x <- x / 2 + 1 / 2 from a start of its own (equal chains would be computed once): the limit is 1.
float chains(std::int64_t steps, float start) {
  Vec x[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) x[i] = set1(start + static_cast<float>(i));
  const Vec half = set1(0.5f);
  for (std::int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) x[i] = fma(x[i], half, half);
  }
#pragma GCC unroll 12
  for (int i = 1; i < kChains; ++i) x[0] = min(x[0], x[i]);
  return maximum(x[0]);
}

}  // namespace
}  // namespace ingot::engine::kernels
