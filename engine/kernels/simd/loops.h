// Loops over n floats in steps of a Vec, with the tail in masked lanes: a step is written once, as a lambda of the
// position and of the lanes that are in use. Include after simd/avx2.h or simd/avx512.h.
#pragma once

#include <cstdint>

namespace ingot::engine {
namespace {

// What a step gets for `lanes` where all are in use; in the last, partial step it gets their number.
struct AllLanes {};
inline Vec load(const float* p, AllLanes) { return load(p); }
inline void store(float* p, Vec a, AllLanes) { store(p, a); }
inline Vec keep_first(Vec a, AllLanes) { return a; }

// step(i, lanes) for i = 0, width, 2 width ... below n.
template <class Step>
inline void for_lanes(std::int64_t n, const Step& step) {
  std::int64_t i = 0;
  for (; i + Vec::width <= n; i += Vec::width) step(i, AllLanes{});
  if (i < n) step(i, static_cast<int>(n - i));
}

// Sum of term(i, lanes) over the same positions, lanes out of use left out: four running sums, added in pairs.
template <class Term>
inline float sum_lanes(std::int64_t n, const Term& term) {
  constexpr std::int64_t width = Vec::width;
  Vec sums[4] = {zero(), zero(), zero(), zero()};
  std::int64_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width) {
    sums[0] = sums[0] + term(i, AllLanes{});
    sums[1] = sums[1] + term(i + width, AllLanes{});
    sums[2] = sums[2] + term(i + 2 * width, AllLanes{});
    sums[3] = sums[3] + term(i + 3 * width, AllLanes{});
  }
  for (; i + width <= n; i += width) sums[0] = sums[0] + term(i, AllLanes{});
  if (i < n) sums[1] = sums[1] + keep_first(term(i, static_cast<int>(n - i)), static_cast<int>(n - i));
  return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

}  // namespace
}  // namespace ingot::engine
