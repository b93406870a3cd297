// Bytes per second that this machine's memory delivers: the other limit of a kernel.
#pragma once

#include <cstdint>

namespace ingot::bench {

// Read by n_threads together, each its own bytes_per_thread >= 4096 over and over; the best of a few passes.
double read_bandwidth(int n_threads, std::int64_t bytes_per_thread);

}  // namespace ingot::bench
