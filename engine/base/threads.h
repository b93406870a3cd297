// Work sharing. Every loop over data goes through parallel_for, whose chunks do not depend on the number of threads:
// that is what makes one and two threads give the same bits.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ingot::engine {

// Threads that parallel_for may use; 1 <= count <= 1024. Defaults to the processors available to this process.
void set_threads(int count);
int threads();

namespace detail {
using RunChunk = void (*)(const void* work, std::int64_t chunk);
void share(std::int64_t n_chunks, RunChunk run, const void* work);
}  // namespace detail

// Calls body(begin, end) for the consecutive chunks [0, grain), [grain, 2 grain), ... of [0, count), in any order and
// on any thread, and returns when all are done. A call from inside a body, or while another thread's call is under way,
// runs its chunks in line. A body must not throw.
template <class Body>
void parallel_for(std::int64_t count, std::int64_t grain, const Body& body) {
  const auto work = [&](std::int64_t i) { body(i * grain, std::min(count, (i + 1) * grain)); };
  detail::share((count + grain - 1) / grain,
                [](const void* w, std::int64_t i) { (*static_cast<const decltype(work)*>(w))(i); }, &work);
}

}  // namespace ingot::engine
