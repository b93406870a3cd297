// This process: what it has used, and whether it was asked to stop.
#pragma once

#include <cstdint>
#include <stdexcept>

namespace ingot::engine {

struct Usage {
  double wall_seconds = 0;      // since start_clock()
  double cpu_seconds = 0;       // user and system, all threads
  std::int64_t peak_bytes = 0;  // largest resident set
};

void start_clock();  // once, first thing in main
Usage usage();

// Gives memory that was freed but kept for reuse back to the system: after a phase that needed much more than the next.
void release_freed_memory();

// From now on the first SIGINT or SIGTERM only sets a flag, for long work to stop at a clean place. A second one ends
// the process as usual, or is ignored: for a process that is asked to stop by several others.
enum class SecondInterrupt { ends, ignored };
void catch_interrupts(SecondInterrupt second = SecondInterrupt::ends);
void release_interrupts();  // from now on a first one ends the process again
bool interrupted();

// Thrown by long work that stopped because of interrupted(), after saving what it has.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace ingot::engine
