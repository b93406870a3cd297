// Work sharing. Every loop over data goes through parallel_for, whose chunks do not depend on the number of threads:
// that is what makes one and two threads give the same bits.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <vector>

namespace ingot::engine {

// Threads that parallel_for may use; 1 <= count <= 1024. Defaults to the processors available to this process.
void set_threads(int count);
int threads();

namespace detail {
using RunChunk = void (*)(const void* work, std::int64_t chunk);
void share(std::int64_t n_chunks, RunChunk run, const void* work);
void share_in_groups(std::int64_t n_bodies, RunChunk run, const void* work);
}  // namespace detail

// Calls body(begin, end) for the consecutive chunks [0, grain), [grain, 2 grain), ... of [0, count), in any order and
// on any thread, and returns when all are done. A call from inside a body, or while another thread's call is under way,
// runs its chunks in line. Throws one of what bodies have thrown.
template <class Body>
void parallel_for(std::int64_t count, std::int64_t grain, const Body& body) {
  const auto work = [&](std::int64_t i) { body(i * grain, std::min(count, (i + 1) * grain)); };
  detail::share((count + grain - 1) / grain,
                [](const void* w, std::int64_t i) { (*static_cast<const decltype(work)*>(w))(i); }, &work);
}

// How many groups of threads work on n_bodies pieces of work side by side, and of how many threads each is.
struct Groups {
  std::int64_t n_groups = 1, n_threads = 1;
};
Groups groups_for(std::int64_t n_bodies);

// Calls body(i) for 0 <= i < n_bodies, in any order, on groups of threads side by side: a loop inside of a body shares
// the threads of its group. For long and independent pieces of work, such as whole batches. After an exception no other
// body begins, and it is thrown again; of several that of the lowest i. From inside of another body, one after the
// other.
template <class Body>
void parallel_groups(std::int64_t n_bodies, const Body& body) {
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(n_bodies));
  std::atomic<bool> failed{false};
  const auto work = [&](std::int64_t i) {
    if (failed.load(std::memory_order_relaxed)) return;
    try {
      body(i);
    } catch (...) {
      failed = true;
      failures[static_cast<std::size_t>(i)] = std::current_exception();
    }
  };
  detail::share_in_groups(
      n_bodies, [](const void* w, std::int64_t i) { (*static_cast<const decltype(work)*>(w))(i); }, &work);
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace ingot::engine
