// Work sharing. Every loop over data goes through parallel_for, whose chunks do not depend on the number of threads:
// that is what makes one and two threads give the same bits.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace ingot::engine {

// Threads that parallel_for may use; 1 <= count. Defaults to the processors available to this process.
void set_threads(int count);
int threads();

// Calls body(begin, end) for the consecutive chunks [0, grain), [grain, 2 grain), ... of [0, count), in any order and
// on any thread, and returns when all are done. A call from inside a body runs its chunks in line. A body must not
// throw.
template <class Body>
void parallel_for(std::int64_t count, std::int64_t grain, const Body& body) {
  const std::int64_t n_chunks = (count + grain - 1) / grain;
  const auto chunk = [&](std::int64_t i) { body(i * grain, std::min(count, (i + 1) * grain)); };
  if (n_chunks <= 1 || threads() == 1 || omp_in_parallel()) {
    for (std::int64_t i = 0; i < n_chunks; ++i) chunk(i);
    return;
  }
#pragma omp parallel for schedule(dynamic, 1) \
    num_threads(static_cast <int>(std::min <std::int64_t>(threads(), n_chunks)))
  for (std::int64_t i = 0; i < n_chunks; ++i) chunk(i);
}

}  // namespace ingot::engine
