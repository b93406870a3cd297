// How long work is going on: a line that renews itself on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace ingot::engine {

// Silences every Progress of the process (--quiet).
void set_quiet(bool quiet);
bool quiet();

// Shows "what done/total share detail rate ETA" on standard error: at most 5 times a second on a terminal, else at most
// every 10 seconds. The rate counts from construction.
class Progress {
 public:
  Progress(std::string what, std::int64_t total, std::int64_t done = 0);
  ~Progress();  // ends the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::int64_t done, std::string_view detail = {});
  void note(std::string_view line);  // a line of its own that stays

 private:
  void show(std::string_view detail);

  using Clock = std::chrono::steady_clock;
  std::string what_;
  std::int64_t total_, first_, done_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_{};
  bool terminal_;
  bool line_open_ = false;
};

std::string duration_text(double seconds);  // 7 s, 3:05, 1:02:33

}  // namespace ingot::engine
