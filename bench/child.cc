#include "bench/child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/error.h"

namespace ingot::bench {

using engine::require;

std::string output_of(const std::vector<std::string>& command) {
  Child child(command, Child::Errors::pass);
  std::string text = child.read_all();
  const int code = child.wait();
  require(code == 0, "{}: must leave with exit code 0, got {}", command[0], code);
  return text;
}

std::filesystem::path built(const std::string& path) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / path;
}

BusyNeighbour::BusyNeighbour() : process_(::fork()) {
  require(process_ >= 0, "a busy process cannot be started: {}", std::strerror(errno));
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    volatile unsigned long turns = 0;
    for (;;) turns = turns + 1;
  }
  pause();
}

BusyNeighbour::~BusyNeighbour() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

void BusyNeighbour::run() const { ::kill(process_, SIGCONT); }

void BusyNeighbour::pause() const { ::kill(process_, SIGSTOP); }

}  // namespace ingot::bench
