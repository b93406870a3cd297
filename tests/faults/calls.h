// System calls of a process, seen one by one: counted, failed, cut short, or the last thing that the process did.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace ingot::test {

// System calls that can fail in the same ways.
struct CallFamily {
  const char* name;
  std::vector<int> calls;   // numbers of system calls
  std::vector<int> errors;  // what they can answer
  bool is_transfer;         // may move fewer bytes than asked for
  bool is_change;           // of files: what a killed process did last
};
std::span<const CallFamily> call_families();

enum class Break { nothing, error, error_from_then_on, part, kill };

// What happens to the number-th call of a family, counted from 1.
struct CallFault {
  int family = 0;
  long number = 0;
  Break breaks = Break::nothing;
  int error = 0;
};

struct Call {
  int family = 0;
  std::string name;  // what it was about: "write run/config.toml.tmp1"
};

struct Ended {
  int code = 0;  // exit code; -1: none, a signal ended it
  int signal = 0;
  bool is_hung = false;  // it was killed after the limit
  bool is_injected = false;
  bool leaves_processes = false;
  std::string where;        // the call that was broken
  std::vector<Call> calls;  // all, in their order, if they were asked for
  double seconds = 0;
};

// A signal after some time; kind 0: none. SIGSTOP is followed by SIGCONT.
struct Shot {
  int signal = 0;
  double seconds = 0;
};

struct Program {
  std::vector<std::string> words, environment;
  std::string folder, out, error;  // out, error: files
  std::string counted;             // the file of the program whose calls count; what others do is none of ours
  double limit = 30;               // seconds
};

Ended run_supervised(const Program& program, const CallFault& fault, bool keeps_calls, const Shot& shot = {});

}  // namespace ingot::test
