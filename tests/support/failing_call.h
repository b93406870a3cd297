// A process in which the system refuses one of its calls: a broken disk, a file system that cannot do it.
#pragma once

#include <doctest/doctest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <string>

#include "engine/base/error.h"

namespace ingot::test {

// What work() throws where every call of that number answers `error`: "Error: ..." or "Failure: ..."; "" if it throws
// nothing. Nothing, with a message, where a process may not filter its calls.
inline std::optional<std::string> thrown_where(int call, int error, const std::function<void()>& work) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = 4, .filter = program};
  int ends[2];
  if (::pipe(ends) != 0) return std::nullopt;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
      ::_exit(99);
    std::string text;
    try {
      work();
    } catch (const engine::Failure& failure) {
      text = "Failure: " + failure.sentence();
    } catch (const engine::Error& thrown) {
      text = "Error: " + thrown.sentence();
    } catch (const std::exception& other) {
      text = std::string("other: ") + other.what();
    }
    ::_exit(::write(ends[1], text.data(), text.size()) == std::ssize(text) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(ends[0], text.data(), text.size()), 0)));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 99) {
    MESSAGE("skipped: this system lets no process filter its calls");
    return std::nullopt;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? text : "ended otherwise";
}

}  // namespace ingot::test
