#include "engine/base/process.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <csignal>

namespace ingot::engine {
namespace {

std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

// Set by a signal handler, which may run on any thread, and read by others.
std::atomic<bool> interrupt_seen = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler must not wait for a lock");

double seconds(const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; }

}  // namespace

void start_clock() { started = std::chrono::steady_clock::now(); }

Usage usage() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return {.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count(),
          .cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime),
          .peak_bytes = static_cast<std::int64_t>(used.ru_maxrss) * 1024};
}

void release_freed_memory() {
#if defined(__GLIBC__)
  ::malloc_trim(0);
#endif
}

void catch_interrupts(SecondInterrupt second) {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupt_seen = true; };
  action.sa_flags = SA_RESTART;
  if (second == SecondInterrupt::ends) action.sa_flags |= static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

void release_interrupts() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool interrupted() { return interrupt_seen; }

}  // namespace ingot::engine
