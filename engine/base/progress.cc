#include "engine/base/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace ingot::engine {
namespace {
bool is_quiet = false;
}

void set_quiet(bool quiet) { is_quiet = quiet; }
bool quiet() { return is_quiet; }

std::string duration_text(double seconds) {
  const auto s = static_cast<std::int64_t>(seconds + 0.5);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

Progress::Progress(std::string what, std::int64_t total, std::int64_t done)
    : what_(std::move(what)), total_(total), first_(done), done_(done), terminal_(::isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
  if (line_open_) std::fputc('\n', stderr);
}

void Progress::update(std::int64_t done, std::string_view detail) {
  done_ = done;
  const auto pause = terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10'000);
  const Clock::time_point now = Clock::now();
  if (is_quiet || (done < total_ && now - (shown_ == Clock::time_point{} ? start_ : shown_) < pause)) return;
  shown_ = now;
  show(detail);
}

void Progress::show(std::string_view detail) {
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const std::int64_t worked = done_ - first_;
  std::string time;
  if (done_ >= total_) {
    time = duration_text(elapsed);
  } else if (worked > 0) {
    time = "ETA " + duration_text(elapsed / static_cast<double>(worked) * static_cast<double>(total_ - done_));
  }
  const std::string line =
      fmt::format("{}{} {}/{} {:3.0f}% {}{}{}", terminal_ ? "\r\033[K" : "", what_, done_, total_,
                  100.0 * static_cast<double>(done_) / static_cast<double>(total_ > 0 ? total_ : 1), detail,
                  detail.empty() ? "" : " ", time);
  std::fputs(line.c_str(), stderr);  // lost if it cannot be written: no reason to stop working
  line_open_ = terminal_;
  if (!terminal_) std::fputc('\n', stderr);
  std::fflush(stderr);
}

void Progress::note(std::string_view line) {
  if (is_quiet) return;
  std::fputs(fmt::format("{}{}\n", line_open_ ? "\r\033[K" : "", line).c_str(), stderr);
  line_open_ = false;
}

}  // namespace ingot::engine
