#include "cli/line_stream.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/error.h"
#include "engine/base/utf8.h"

namespace ingot::cli {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 16;
constexpr std::size_t kMostTaken = std::size_t{4} << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

std::vector<InputLine> LineStream::next(std::size_t n_lines) {
  std::vector<InputLine> lines;
  std::size_t n_bytes = 0;
  while (lines.size() < n_lines && n_bytes < kMostTaken) {
    if (take(lines)) {
      n_bytes += lines.back().text.size();
    } else if (!fill(/*wait=*/lines.empty())) {
      break;
    }
  }
  return lines;
}

bool LineStream::take(std::vector<InputLine>& lines) {
  const std::size_t end = buffer_.find('\n', scanned_);
  const bool whole = end != std::string::npos;
  if (!whole && !(ended_ && (begin_ < buffer_.size() || n_dropped_ > 0))) {
    scanned_ = buffer_.size();
    if (buffer_.size() - begin_ <= kMostLineBytes) return false;
    n_dropped_ += buffer_.size() - begin_;  // too long already
    begin_ = scanned_ = 0;
    buffer_.clear();
    return false;
  }
  std::string line = buffer_.substr(begin_, whole ? end - begin_ : std::string::npos);
  begin_ = scanned_ = whole ? end + 1 : buffer_.size();
  const std::size_t n_bytes = n_dropped_ + line.size();
  n_dropped_ = 0;
  lines.push_back(checked(std::move(line), n_bytes));
  return true;
}

bool LineStream::fill(bool wait) {
  if (ended_) return false;
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  pollfd input{.fd = descriptor_, .events = POLLIN, .revents = 0};
  if (::poll(&input, 1, wait ? -1 : 0) == 0) return false;
  const std::size_t held = buffer_.size();
  buffer_.resize(held + kBlock);
  const ssize_t n = ::read(descriptor_, buffer_.data() + held, kBlock);
  const int reason = errno;
  buffer_.resize(held + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  const bool again = n < 0 && (reason == EINTR || reason == EAGAIN);
  engine::require(n >= 0 || again, "standard input: cannot read: {}", std::strerror(reason));
  ended_ = n == 0;
  return true;  // at its end a last line may be without an end of its own
}

InputLine LineStream::checked(std::string line, std::size_t n_bytes) {
  InputLine taken{.number = ++n_lines_, .text = {}};
  if (n_bytes > kMostLineBytes) {
    taken.fault = fmt::format("must have at most {} bytes, has {}", kMostLineBytes, n_bytes);
    return taken;
  }
  if (line.ends_with('\r')) line.pop_back();
  if (n_lines_ == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
  const std::size_t invalid = engine::find_invalid_utf8(line);
  if (invalid != std::string::npos) {
    taken.fault = fmt::format("must be UTF-8, got byte 0x{:02x} at byte offset {} of the line",
                              static_cast<unsigned char>(line[invalid]), invalid);
    return taken;
  }
  taken.text = std::move(line);
  return taken;
}

}  // namespace ingot::cli
