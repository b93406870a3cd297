#include "engine/base/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string_view>
#include <utility>

#include "engine/base/error.h"

namespace ingot::engine {
namespace fs = std::filesystem;
namespace {

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable, name = text.substr(0, text.find('=') + 1);
    const bool is_given = std::any_of(added.begin(), added.end(), [&](const auto& a) { return a.starts_with(name); });
    if (!is_given) all.emplace_back(text);
  }
  return all;
}

}  // namespace

Child::Child(const std::vector<std::string>& command, Errors errors, const Surroundings& surroundings) {
  const std::optional<fs::path> program = find_program(command[0]);
  require(program.has_value(), "{}: no such program", command[0]);
  const std::vector<std::string> environment = environment_with(surroundings.environment);
  const std::vector<char*> words = pointers_to(command), variables = pointers_to(environment);
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
    throw Failure(fmt::format("{}: no pipe: {}", command[0], std::strerror(errno)));
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    if (errors == Errors::merge) ::dup2(out[1], STDERR_FILENO);
    const bool is_there = surroundings.folder.empty() || ::chdir(surroundings.folder.c_str()) == 0;
    if (is_there) ::execve(program->c_str(), words.data(), variables.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  to_ = in[1];
  from_ = out[0];
  if (process_ < 0) throw Failure(fmt::format("{}: cannot be started: {}", command[0], std::strerror(errno)));
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
  if (written != static_cast<ssize_t>(text.size()))
    throw Failure(fmt::format("a program that was started has ended: {}", std::strerror(errno)));
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

void Child::send_signal(int signal) { ::kill(process_, signal); }

int Child::wait() {
  close_input();
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) continue;
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

ChildResult run_child(const std::vector<std::string>& command, const Surroundings& surroundings) {
  Child child(command, Child::Errors::merge, surroundings);
  child.close_input();
  std::string output = child.read_all();
  return {child.wait(), std::move(output)};
}

std::optional<fs::path> find_program(const std::string& name) {
  // A folder that may not be entered, or a path too long, holds no program: as a shell sees it.
  std::error_code error;
  const auto is_program = [&](const fs::path& path) {
    return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos)
    return is_program(name) ? std::optional(fs::absolute(name, error)) : std::nullopt;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path found = fs::absolute(folder.empty() ? "." : folder, error) / name;
    if (is_program(found)) return found;
  }
  return std::nullopt;
}

fs::path require_program(const std::string& name, const std::string& debian_package) {
  std::optional<fs::path> program = find_program(name);
  require(program.has_value(), "{} is missing: install the Debian package {}", name, debian_package);
  return std::move(*program);
}

}  // namespace ingot::engine
