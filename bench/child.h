// Another program, for what can only be timed from outside.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ingot::bench {

// A running program whose standard input and output are pipes to this process, which ends with it.
class Child {
 public:
  // Where errors go: this process's standard error, or into the output.
  enum class Errors { pass, merge };

  // command[0] is a path. Throws Error if it cannot be started.
  Child(const std::vector<std::string>& command, Errors errors);
  ~Child();  // kills what still runs
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void write_line(const std::string& line);  // SIGPIPE must be ignored: a program that has ended reads nothing
  void close_input();
  std::optional<std::string> read_line();  // without its end; empty at the end of the output
  std::string read_all();                  // the rest of the output
  int wait();                              // closes its input; the exit code, 128 + signal if one killed it

 private:
  pid_t process_ = -1;
  int to_ = -1, from_ = -1;
  std::string unread_;
};

// The output of a program that leaves with exit code 0. Throws Error otherwise.
std::string output_of(const std::vector<std::string>& command);

// A file of the build folder that this program lies in, as in "cli/ingot".
std::filesystem::path built(const std::string& path);

// A process that keeps one processor busy whenever it is asked to.
class BusyNeighbour {
 public:
  BusyNeighbour();
  ~BusyNeighbour();
  BusyNeighbour(const BusyNeighbour&) = delete;
  BusyNeighbour& operator=(const BusyNeighbour&) = delete;

  void run() const;
  void pause() const;

 private:
  pid_t process_ = -1;
};

}  // namespace ingot::bench
