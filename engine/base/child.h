// Runs other programs as child processes.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ingot::engine {

// Where a program runs.
struct Surroundings {
  std::filesystem::path folder{};          // its working directory; this process's if empty
  std::vector<std::string> environment{};  // NAME=value, added to this process's
};

// A running program whose standard input and output are pipes to this process, which ends with it.
class Child {
 public:
  // Where errors go: this process's standard error, or into the output.
  enum class Errors { pass, merge };

  // command[0] is a path, or a name that PATH resolves. Throws Error if it cannot be started.
  Child(const std::vector<std::string>& command, Errors errors, const Surroundings& surroundings = {});
  ~Child();  // kills what still runs
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void write_line(const std::string& line);  // SIGPIPE must be ignored: a program that has ended reads nothing
  void close_input();
  std::optional<std::string> read_line();  // without its end; empty at the end of the output
  std::string read_all();                  // the rest of the output
  void send_signal(int signal);            // before wait()
  int wait();                              // closes its input; the exit code, 128 + signal if one killed it

 private:
  pid_t process_ = -1;
  int to_ = -1, from_ = -1;
  std::string unread_;
};

struct ChildResult {
  int code;            // 128 + signal if one killed it
  std::string output;  // standard output and errors
};

// Runs a program to its end, without input.
ChildResult run_child(const std::vector<std::string>& command, const Surroundings& surroundings = {});

// Where PATH finds a program; empty if nowhere.
std::optional<std::filesystem::path> find_program(const std::string& name);

// The same; throws Error naming the Debian package of a program that is missing.
std::filesystem::path require_program(const std::string& name, const std::string& debian_package);

}  // namespace ingot::engine
