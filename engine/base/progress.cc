#include "engine/base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "engine/base/printable.h"

namespace ingot::engine {
namespace {

constexpr const char kRenew[] = "\r\033[K";  // to the first column, and what is there goes

bool is_quiet = false;
std::atomic<bool> is_line_open = false;  // of the one terminal: it has a progress and no line end yet

std::size_t columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

void set_quiet(bool quiet) { is_quiet = quiet; }
bool quiet() { return is_quiet; }

std::string duration_text(double seconds) {
  const auto s = static_cast<std::int64_t>(seconds + 0.5);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

bool renews_lines() {
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) != 0 && terminal != nullptr && *terminal != '\0' &&
         std::string_view(terminal) != "dumb";
}

void clear_progress() {
  if (is_line_open.exchange(false)) std::fputs(kRenew, stderr);
}

void say(const std::string& line) {
  if (quiet()) return;
  clear_progress();
  std::fputs((printable_lines(line) + "\n").c_str(), stderr);
}

std::string fitted(std::string line, std::size_t columns) {
  constexpr std::string_view kMore = "...";
  std::size_t n = 0, kept = 0;  // characters; bytes of those that fit beside kMore
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (continues_character(line[at])) continue;
    if (n++ + kMore.size() <= columns) kept = at;
  }
  if (n <= columns) return line;
  line.resize(kept);
  return line + std::string(kMore.substr(0, columns));
}

Progress::Progress(std::string what, std::int64_t total, std::int64_t done)
    : what_(printable(what)), total_(total), first_(done), done_(done) {}

Progress::~Progress() {
  if (terminal_ && is_line_open.exchange(false)) std::fputc('\n', stderr);
}

void Progress::update(std::int64_t done, std::string_view detail) {
  done_ = done;
  const auto pause = terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10'000);
  const Clock::time_point now = Clock::now();
  if (is_quiet || ((done < total_ || total_ == 0) && now - (shown_ == Clock::time_point{} ? start_ : shown_) < pause))
    return;
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
  const std::string share =
      total_ > 0 ? fmt::format("/{} {:3.0f}%", total_, 100.0 * static_cast<double>(done_) / static_cast<double>(total_))
                 : "";
  std::string line =
      fmt::format("{} {}{} {}{}{}", what_, done_, share, printable(detail), detail.empty() ? "" : " ", time);
  // The last column stays free: some terminals would go on to the next line.
  line = terminal_ ? kRenew + fitted(std::move(line), columns() - 1) : line + "\n";
  is_line_open = terminal_;
  std::fputs(line.c_str(), stderr);  // lost if it cannot be written: no reason to stop working
  std::fflush(stderr);
}

void Progress::note(std::string_view line) {
  if (is_quiet) return;
  clear_progress();
  std::fputs((printable(line) + "\n").c_str(), stderr);
}

}  // namespace ingot::engine
