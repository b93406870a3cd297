// A disk that is full after a few bytes.
#pragma once

#include <signal.h>
#include <sys/resource.h>

#include <cstdint>

namespace ingot::test {

// While it lives, this process can write no file beyond `n_bytes`: writes stop half way, as on a full disk.
class SmallDisk {
 public:
  explicit SmallDisk(std::uint64_t n_bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit small{n_bytes, limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    ::signal(SIGXFSZ, handler_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  rlimit limit_{};
  void (*handler_)(int);
};

}  // namespace ingot::test
