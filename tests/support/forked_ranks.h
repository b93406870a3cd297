// Several processes that are the ranks of a run, joined by sockets: as mpirun would start them, without MPI.
#pragma once

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/base/ranks.h"
#include "engine/base/threads.h"

namespace ingot::test {

class SocketRanks final : public engine::Ranks {
 public:
  // sockets[r]: to rank r
  SocketRanks(int rank, std::vector<int> sockets) : rank_(rank), sockets_(std::move(sockets)) {}
  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(sockets_.size()); }
  void send(int to, std::span<const std::byte> message) override {
    for (std::size_t at = 0; at < message.size();) {
      const ssize_t n =
          ::send(sockets_[static_cast<std::size_t>(to)], message.data() + at, message.size() - at, MSG_NOSIGNAL);
      if (n <= 0) throw std::runtime_error("a rank is gone");
      at += static_cast<std::size_t>(n);
    }
  }
  void receive(int from, std::span<std::byte> message) override {
    for (std::size_t at = 0; at < message.size();) {
      const ssize_t n = ::recv(sockets_[static_cast<std::size_t>(from)], message.data() + at, message.size() - at, 0);
      if (n <= 0) throw std::runtime_error("a rank is gone");
      at += static_cast<std::size_t>(n);
    }
  }
  void exchange(std::span<const std::span<const std::byte>> to, std::vector<engine::Bytes>& from) override {
    from.resize(to.size());
    // One after the other. Of the pairs that are not done, the first by its lower rank, then by its higher one, can go
    // on.
    for (int other = 0; other < size(); ++other) {
      if (other == rank_) continue;
      const auto send_own = [&] {
        std::uint64_t n = to[static_cast<std::size_t>(other)].size();
        send(other, std::as_bytes(std::span(&n, 1)));
        send(other, to[static_cast<std::size_t>(other)]);
      };
      if (rank_ < other) send_own();
      std::uint64_t n = 0;
      receive(other, std::as_writable_bytes(std::span(&n, 1)));
      from[static_cast<std::size_t>(other)].resize(n);
      receive(other, from[static_cast<std::size_t>(other)]);
      if (rank_ > other) send_own();
    }
  }

 private:
  int rank_;
  std::vector<int> sockets_;
};

// Calls work(rank) in n processes, rank 0 in this one, each with one thread. Throws what rank 0 throws; returns the
// exit codes of the others: 0, or 1 if they threw.
inline std::vector<int> run_ranks(int n, const std::function<void(int rank)>& work) {
  const auto count = static_cast<std::size_t>(n);
  std::vector<std::vector<int>> sockets(count, std::vector<int>(count, -1));
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = a + 1; b < count; ++b) {
      int pair[2];
      if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) throw std::runtime_error("no sockets");
      sockets[a][b] = pair[0];
      sockets[b][a] = pair[1];
    }
  }
  const auto close_but = [&](std::size_t own) {
    for (std::size_t a = 0; a < count; ++a) {
      for (const int socket : sockets[a]) {
        if (a != own && socket >= 0) ::close(socket);
      }
    }
  };
  const int n_threads = engine::threads();
  engine::set_threads(1);  // a forked process has no others
  std::vector<pid_t> children;
  for (std::size_t rank = 1; rank < count; ++rank) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      int code = 0;
      close_but(rank);
      try {
        engine::set_ranks(std::make_unique<SocketRanks>(static_cast<int>(rank), sockets[rank]));
        work(static_cast<int>(rank));
      } catch (...) {
        code = 1;
      }
      ::_exit(code);
    }
    children.push_back(child);
  }
  close_but(0);
  std::exception_ptr failure;
  try {
    engine::set_ranks(std::make_unique<SocketRanks>(0, sockets[0]));
    work(0);
  } catch (...) {
    failure = std::current_exception();
  }
  engine::set_ranks(nullptr);
  engine::set_threads(n_threads);
  for (const int socket : sockets[0]) {
    if (socket >= 0) ::close(socket);
  }
  std::vector<int> codes;
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    codes.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
  if (failure) std::rethrow_exception(failure);
  return codes;
}

}  // namespace ingot::test
