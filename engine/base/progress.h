// Progress of long work: one line that is redrawn on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ingot::engine {

// Silences every Progress of the process (--quiet).
void set_quiet(bool quiet);
bool quiet();

// Whether standard error is a terminal on which a line can be renewed: TERM says so, and is not dumb.
bool renews_lines();

// Clears the progress line so that something else can be printed. The next update draws it again.
void clear_progress();

// Says something to the user, in lines on standard error, unless quiet. What it quotes need not be printable.
void say(const std::string& line);

// The line (UTF-8) if it fits into `columns` columns, else its beginning with "..." at the end.
std::string fitted(std::string line, std::size_t columns);

// Shows "what done/total share detail ETA" (with a total of 0, which means unknown, "what done detail time") on
// standard error: at most 5 times a second on a terminal, in a line as wide as that at most, else at most every 10
// seconds in lines of their own. Time counts from construction.
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
  bool terminal_ = renews_lines();
};

std::string duration_text(double seconds);  // 7 s, 3:05, 1:02:33

}  // namespace ingot::engine
