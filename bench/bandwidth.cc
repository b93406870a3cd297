// Compiled for this machine, so that the widest loads read.
#include "bench/bandwidth.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace ingot::bench {
namespace {

constexpr double kSeconds = 0.4;
// Read by a thread between two looks at the clock: much longer than it takes to start the threads, and short enough for
// some to go uninterrupted.
constexpr std::int64_t kBytesPerPass = 1 << 24;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::uint64_t read(const std::uint64_t* values, std::int64_t count) {
  std::uint64_t sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += values[i];
  return sum;
}

}  // namespace

double read_bandwidth(int n_threads, std::int64_t bytes_per_thread) {
  const std::int64_t part = std::min(bytes_per_thread, kBytesPerPass), repeats = kBytesPerPass / part;
  std::int64_t from = 0;  // the part of its buffer that each thread reads next, in bytes
  std::vector<std::vector<std::uint64_t>> buffers(static_cast<std::size_t>(n_threads));
  std::uint64_t total = 0;
  double begin = 0.0, best = 0.0;
#pragma omp parallel num_threads(n_threads)
  buffers[static_cast<std::size_t>(omp_get_thread_num())].assign(static_cast<std::size_t>(bytes_per_thread / 8), 1);
  const double end = now() + kSeconds;
  do {
#pragma omp parallel num_threads(n_threads) reduction(+ : total)
    {
#pragma omp barrier
#pragma omp master
      begin = now();
      std::vector<std::uint64_t>& own = buffers[static_cast<std::size_t>(omp_get_thread_num())];
      for (std::int64_t i = 0; i < repeats; ++i) {
        own[0] = static_cast<std::uint64_t>(i);  // so that no pass can stand for the others
        total += read(own.data() + from / 8, part / 8);
      }
    }
    best = std::max(best, static_cast<double>(n_threads * repeats * part) / (now() - begin));
    from = from + 2 * part <= bytes_per_thread ? from + part : 0;
  } while (now() < end);
  return total > 0 ? best : 0.0;
}

}  // namespace ingot::bench
