#include "bench/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/base/error.h"

namespace ingot::bench {

using engine::require;

Child::Child(const std::vector<std::string>& command, Errors errors) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  int in[2], out[2];
  require(::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0, "{}: no pipe: {}", command[0],
          std::strerror(errno));
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    if (errors == Errors::merge) ::dup2(out[1], STDERR_FILENO);
    ::execv(words[0], words.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  to_ = in[1];
  from_ = out[0];
  require(process_ > 0, "{}: cannot be started: {}", command[0], std::strerror(errno));
}

Child::~Child() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    wait();
  }
  ::close(from_);
}

void Child::write_line(const std::string& line) {
  const std::string text = line + "\n";
  const ssize_t written = ::write(to_, text.data(), text.size());  // a line fits into the pipe
  require(written == static_cast<ssize_t>(text.size()), "a program that was to be timed has ended: {}",
          std::strerror(errno));
}

void Child::close_input() {
  if (to_ >= 0) ::close(std::exchange(to_, -1));
}

std::optional<std::string> Child::read_line() {
  for (;;) {
    if (const std::size_t end = unread_.find('\n'); end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    char buffer[4096];
    const ssize_t n = ::read(from_, buffer, sizeof buffer);
    if (n > 0) {
      unread_.append(buffer, static_cast<std::size_t>(n));
    } else if (n == 0 || errno != EINTR) {
      if (unread_.empty()) return std::nullopt;
      return std::exchange(unread_, "");
    }
  }
}

std::string Child::read_all() {
  std::string text;
  while (const std::optional<std::string> line = read_line()) text += *line + "\n";
  return text;
}

int Child::wait() {
  close_input();
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) continue;
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

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
