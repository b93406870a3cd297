// The only file that knows MPI.
#include "engine/base/mpi_module.h"

#include <mpi.h>
#include <unistd.h>

#include <algorithm>

namespace {

// Waits without taking a processor from the ranks that it waits for, once that takes long.
bool finish(MPI_Request& request, bool (*stop)()) {
  constexpr int kEager = 2000;  // tests before it sleeps in between
  for (int i = 0;; ++i) {
    int done = 0;
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done != 0) return true;
    if (stop != nullptr && stop()) {
      MPI_Cancel(&request);
      MPI_Request_free(&request);
      return false;
    }
    if (i >= kEager) ::usleep(i < 4 * kEager ? 20 : 2000);
  }
}

constexpr std::size_t kMost = std::size_t{1} << 30;  // bytes of a message: MPI counts in int

bool send(int to, const void* data, std::size_t n_bytes, bool (*stop)()) {
  for (std::size_t at = 0; at < n_bytes; at += kMost) {
    MPI_Request request;
    MPI_Isend(static_cast<const char*>(data) + at, static_cast<int>(std::min(kMost, n_bytes - at)), MPI_BYTE, to, 0,
              MPI_COMM_WORLD, &request);
    if (!finish(request, stop)) return false;
  }
  return true;
}

bool receive(int from, void* data, std::size_t n_bytes, bool (*stop)()) {
  for (std::size_t at = 0; at < n_bytes; at += kMost) {
    MPI_Request request;
    MPI_Irecv(static_cast<char*>(data) + at, static_cast<int>(std::min(kMost, n_bytes - at)), MPI_BYTE, from, 0,
              MPI_COMM_WORLD, &request);
    if (!finish(request, stop)) return false;
  }
  return true;
}

int rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

int size() {
  int size = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return size;
}

void end() {
  MPI_Request request;
  MPI_Ibarrier(MPI_COMM_WORLD, &request);
  finish(request, nullptr);
  MPI_Finalize();
}

}  // namespace

extern "C" const ingot::engine::MpiModule* ingot_mpi_module() {
  static constexpr ingot::engine::MpiModule kModule{rank, size, send, receive, end};
  int is_started = 0;
  MPI_Initialized(&is_started);
  if (is_started == 0) {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  }
  return &kModule;
}
