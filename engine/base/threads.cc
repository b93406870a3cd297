#include "engine/base/threads.h"

#include "engine/base/error.h"

namespace ingot::engine {
namespace {
int thread_count = 0;  // 0: not set yet
}

void set_threads(int count) {
  require(count >= 1 && count <= 1024, "threads: must be between 1 and 1024, got {}", count);
  thread_count = count;
}

int threads() { return thread_count > 0 ? thread_count : omp_get_num_procs(); }

}  // namespace ingot::engine
