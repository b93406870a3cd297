// The only file that knows MPI.
#include "engine/base/mpi_module.h"

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace {

using Requests = std::vector<MPI_Request>;

// Waits without taking a processor from the ranks that it waits for, once that takes long.
bool finish(Requests& requests, bool (*stop)()) {
  constexpr int kEager = 2000;  // tests before it sleeps in between
  for (int i = 0;; ++i) {
    int done = 0;
    MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE);
    if (done != 0) return true;
    if (stop != nullptr && stop()) {
      for (MPI_Request& request : requests) {
        if (request == MPI_REQUEST_NULL) continue;
        MPI_Cancel(&request);
        MPI_Request_free(&request);
      }
      return false;
    }
    if (i >= kEager) ::usleep(i < 4 * kEager ? 20 : 2000);
  }
}

// Bytes that go at once, below what Open MPI sends by TCP without asking first (65,536 with its header). Large messages
// it announces, and sends when the answer comes: which waits behind all that goes the other way, so that two ranks with
// much for each other would take turns.
constexpr std::size_t kMost = 60000;

void start_sending(int to, const void* data, std::size_t n_bytes, Requests& requests) {
  for (std::size_t at = 0; at < n_bytes; at += kMost) {
    MPI_Isend(static_cast<const char*>(data) + at, static_cast<int>(std::min(kMost, n_bytes - at)), MPI_BYTE, to, 0,
              MPI_COMM_WORLD, &requests.emplace_back());
  }
}

void start_receiving(int from, void* data, std::size_t n_bytes, Requests& requests) {
  for (std::size_t at = 0; at < n_bytes; at += kMost) {
    MPI_Irecv(static_cast<char*>(data) + at, static_cast<int>(std::min(kMost, n_bytes - at)), MPI_BYTE, from, 0,
              MPI_COMM_WORLD, &requests.emplace_back());
  }
}

bool send(int to, const void* data, std::size_t n_bytes, bool (*stop)()) {
  Requests requests;
  start_sending(to, data, n_bytes, requests);
  return finish(requests, stop);
}

bool receive(int from, void* data, std::size_t n_bytes, bool (*stop)()) {
  Requests requests;
  start_receiving(from, data, n_bytes, requests);
  return finish(requests, stop);
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

// Each message goes behind its size.
bool exchange(const std::span<const std::byte>* to, std::vector<std::byte>* from, bool (*stop)()) {
  const int own = rank(), n = size();
  std::vector<std::uint64_t> sizes(static_cast<std::size_t>(n)), sizes_of_others(sizes.size());
  Requests sent, received;
  for (int other = 0; other < n; ++other) {
    if (other == own) continue;
    sizes[static_cast<std::size_t>(other)] = to[other].size();
    start_receiving(other, &sizes_of_others[static_cast<std::size_t>(other)], sizeof sizes[0], received);
    start_sending(other, &sizes[static_cast<std::size_t>(other)], sizeof sizes[0], sent);
    start_sending(other, to[other].data(), to[other].size(), sent);
  }
  bool done = finish(received, stop);
  received.clear();
  for (int other = 0; done && other < n; ++other) {
    if (other == own) continue;
    from[other].resize(sizes_of_others[static_cast<std::size_t>(other)]);
    start_receiving(other, from[other].data(), from[other].size(), received);
  }
  received.insert(received.end(), sent.begin(), sent.end());
  return finish(
             received, done ? stop : [] { return true; }) &&
         done;
}

void end() {
  Requests barrier(1);
  MPI_Ibarrier(MPI_COMM_WORLD, barrier.data());
  finish(barrier, nullptr);
  MPI_Finalize();
}

}  // namespace

extern "C" const ingot::engine::MpiModule* ingot_mpi_module_2() {
  static constexpr ingot::engine::MpiModule kModule{rank, size, send, receive, exchange, end};
  int is_started = 0;
  MPI_Initialized(&is_started);
  if (is_started == 0) {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  }
  return &kModule;
}
