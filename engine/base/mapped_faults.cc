#include "engine/base/mapped_faults.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include "engine/base/printable.h"

namespace ingot::engine {
namespace {

constexpr std::size_t kMostShown = 512;  // bytes of a path

struct Watched {
  std::atomic<const std::byte*> begin{nullptr};  // written last: a handler that sees it sees the rest
  std::size_t n_bytes = 0;
  std::array<char, kMostShown> path{};
  std::size_t path_bytes = 0;
};

// A signal handler can reach nothing but statics.
std::array<Watched, 64> watched;
std::mutex watched_mutex;  // of changes, not of the handler
struct sigaction before;

void write_all(const char* text, std::size_t n_bytes) {
  while (n_bytes > 0) {
    const ssize_t n = ::write(STDERR_FILENO, text, n_bytes);
    if (n <= 0) return;
    text += n;
    n_bytes -= static_cast<std::size_t>(n);
  }
}

void on_fault(int, siginfo_t* info, void*) {
  const auto* at = static_cast<const std::byte*>(info->si_addr);
  for (const Watched& file : watched) {
    const std::byte* begin = file.begin.load(std::memory_order_acquire);
    if (info->si_code != BUS_ADRERR || begin == nullptr || at < begin || at >= begin + file.n_bytes) continue;
    constexpr char kBefore[] = "ingot: ";
    constexpr char kAfter[] = ": cannot read: the file became shorter while it was in use, or its disk failed\n";
    write_all(kBefore, sizeof kBefore - 1);
    write_all(file.path.data(), file.path_bytes);
    write_all(kAfter, sizeof kAfter - 1);
    ::_exit(1);
  }
  ::sigaction(SIGBUS, &before, nullptr);  // not ours: it happens again, to whoever watched before
}

void install_handler() {
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, &before);
}

}  // namespace

void watch_mapping(const std::byte* begin, std::size_t n_bytes, const std::string& path) {
  static std::once_flag once;
  std::call_once(once, install_handler);
  const std::string shown = printable(path);
  const std::scoped_lock lock(watched_mutex);
  for (Watched& file : watched) {
    if (file.begin.load(std::memory_order_relaxed) != nullptr) continue;
    file.n_bytes = n_bytes;
    file.path_bytes = std::min(shown.size(), file.path.size());
    std::copy_n(shown.begin(), file.path_bytes, file.path.begin());
    file.begin.store(begin, std::memory_order_release);
    return;
  }
}

void forget_mapping(const std::byte* begin) {
  const std::scoped_lock lock(watched_mutex);
  for (Watched& file : watched) {
    if (file.begin.load(std::memory_order_relaxed) == begin) return file.begin.store(nullptr);
  }
}

}  // namespace ingot::engine
