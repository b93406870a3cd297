#include "search/storage/journal_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/process.h"
#include "engine/base/system_error.h"
#include "search/storage/worker.h"

namespace ingot::search {
namespace fs = std::filesystem;
namespace {

using engine::fail;
using engine::require;

constexpr std::string_view kFirstKey = "{\"op_code\":";  // every record begins like this

}  // namespace

JournalFile::JournalFile(fs::path path, std::function<void(const std::string&)> note)
    : path_(std::move(path)), name_(path_.string()), note_(std::move(note)) {
  descriptor_ = engine::uninterrupted([&] { return ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644); });
  if (descriptor_ < 0) engine::fail_of_system(name_, "open", errno);
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    fail("{}: cannot keep a journal: is not a regular file", name_);
  }
  // Optuna looks at the file through the link: its target must be absolute. "/./" marks the links of ingot.
  path_ = fs::absolute(path_).lexically_normal();
  link_ = path_;
  link_ += ".lock";
}

JournalFile::~JournalFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

// While it lives, no other process appends.
class JournalFile::Lock {
 public:
  explicit Lock(JournalFile& journal) : journal_(journal) { journal_.lock(); }
  ~Lock() { journal_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  JournalFile& journal_;
};

void JournalFile::exclusively(const std::function<void()>& work) {
  const Lock lock(*this);
  mend();
  work();
}

bool JournalFile::is_gone(const std::string& worker) { return is_dead_worker(worker); }

// Two locks in turn: flock, which the system releases when a process dies, keeps processes of ingot apart, and the
// symbolic link those of Optuna. Whoever holds the first knows that a link of ingot's own has outlived its maker.
void JournalFile::lock() {
  while (::flock(descriptor_, LOCK_EX) != 0) {
    require(errno == EINTR, "{}: cannot lock: {}", name_, std::strerror(errno));
  }
  const std::string target = (path_.parent_path() / "." / path_.filename()).string();
  const auto start = std::chrono::steady_clock::now();
  auto pause = std::chrono::milliseconds(1);
  std::int64_t seen_change = 0;
  while (::symlink(target.c_str(), link_.c_str()) != 0) {
    if (errno != EEXIST) {
      const int reason = errno;
      ::flock(descriptor_, LOCK_UN);
      engine::fail_of_system(link_, "make this lock", reason);
    }
    std::error_code error;
    const fs::path found = fs::read_symlink(link_, error);
    if (!error && found == target) {
      ::unlink(link_.c_str());
      continue;
    }
    if (engine::interrupted()) {
      ::flock(descriptor_, LOCK_UN);
      throw engine::Interrupted(fmt::format("stopped while waiting for {}", link_.string()));
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, std::chrono::milliseconds(1000));
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
    break_stale_link(waited.count(), seen_change);
  }
  is_locked_ = true;
}

void JournalFile::break_stale_link(double waited_seconds, std::int64_t& seen_change) {
  constexpr double kGrace = 30;
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return;
  const std::int64_t change = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  if (seen_change == 0) seen_change = change;
  if (waited_seconds < kGrace || change != seen_change) return;
  const fs::path aside = link_.string() + random_hex() + ".rename";
  if (::rename(link_.c_str(), aside.c_str()) == 0) ::unlink(aside.c_str());
}

void JournalFile::unlock() {
  is_locked_ = false;
  ::unlink(link_.c_str());
  ::flock(descriptor_, LOCK_UN);
}

void JournalFile::check_length(std::size_t n_bytes) const {
  require(n_bytes <= kMostLineBytes, "{}: line {}: must have at most {} bytes", name_, n_lines_ + 1, kMostLineBytes);
}

void JournalFile::check_line(std::string_view line) const {
  check_length(line.size());
  require(line.find('\0') == line.npos,
          "{}: line {}: holds zero bytes, as a power loss leaves them; without it and the lines behind it the journal "
          "can be used again",
          name_, n_lines_ + 1);
}

void JournalFile::read(const std::function<void(std::string_view, std::int64_t)>& visit) {
  constexpr std::size_t kPart = std::size_t{1} << 20;
  std::string text;  // from read_to_ on
  for (;;) {
    const std::size_t begin = text.size();  // up to here there is no line end
    text.resize(begin + kPart);
    const ssize_t n = ::pread(descriptor_, text.data() + begin, kPart, read_to_ + static_cast<std::int64_t>(begin));
    text.resize(begin + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) engine::fail_of_system(name_, "read", errno);
    if (n == 0) return;
    std::size_t line = 0;
    for (std::size_t end = text.find('\n', begin); end != text.npos; end = text.find('\n', line)) {
      const std::string_view whole = std::string_view(text).substr(line, end - line);
      check_line(whole);
      visit(whole, n_lines_ + 1);
      ++n_lines_;
      line = end + 1;
      read_to_ += static_cast<std::int64_t>(whole.size() + 1);
    }
    text.erase(0, line);
    check_length(text.size());
  }
}

void JournalFile::read_at(std::int64_t begin, std::span<char> room) const {
  while (!room.empty()) {
    const ssize_t n = engine::uninterrupted([&] { return ::pread(descriptor_, room.data(), room.size(), begin); });
    if (n < 0) engine::fail_of_system(name_, "read", errno);
    require(n > 0, "{}: cannot read its end: it became shorter", name_);
    begin += n;
    room = room.subspan(static_cast<std::size_t>(n));
  }
}

// The last place below `end` and not below `least` whose byte is sought; -1 if there is none.
std::int64_t JournalFile::last_place(std::int64_t end, std::int64_t least, bool (*is_sought)(char)) {
  constexpr std::int64_t kPart = 1 << 16;
  std::string part;
  while (end > least) {
    const std::int64_t begin = std::max(least, end - kPart);
    part.resize(static_cast<std::size_t>(end - begin));
    read_at(begin, part);
    const auto found = std::find_if(part.rbegin(), part.rend(), is_sought);
    if (found != part.rend()) return begin + (part.rend() - found) - 1;
    end = begin;
  }
  return -1;
}

void JournalFile::mend() {
  const auto is_line_end = [](char c) { return c == '\n'; };
  const std::int64_t size = ::lseek(descriptor_, 0, SEEK_END);
  if (size == 0 || last_place(size, size - 1, is_line_end) >= 0) return;
  const std::int64_t written = last_place(size, 0, [](char c) { return c != '\0'; }) + 1;  // zero bytes behind it
  const std::int64_t least = std::max<std::int64_t>(0, written - std::int64_t{kMostLineBytes});
  const std::int64_t end = std::max(least, last_place(written, least, is_line_end) + 1);
  std::string first(static_cast<std::size_t>(std::min<std::int64_t>(written - end, std::ssize(kFirstKey))), '\0');
  read_at(end, first);
  require(kFirstKey.starts_with(first) && (end == 0 || end > least),
          "{}: is not a journal: its last line is no part of a record", name_);
  const bool is_cut = ::ftruncate(descriptor_, end) == 0;  // beforehand: it sets errno
  require(is_cut, "{}: cannot cut off a torn line: {}", name_, std::strerror(errno));
  if (!note_) return;
  std::string what = written > end ? fmt::format("{} bytes of an unfinished record", written - end) : "";
  if (size > written) what += fmt::format("{}{} zero bytes", what.empty() ? "" : " and ", size - written);
  note_(fmt::format("{}: cut off {} behind its last whole line", name_, what));
}

void JournalFile::append(std::string_view lines) {
  std::optional<Lock> lock;
  if (!is_locked_) lock.emplace(*this);
  mend();
  const std::int64_t size = ::lseek(descriptor_, 0, SEEK_END);
  while (!lines.empty()) {
    const ssize_t n = ::write(descriptor_, lines.data(), lines.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int reason = errno;
      const bool is_whole = ::ftruncate(descriptor_, size) == 0;  // if not, the next writer cuts it off
      throw engine::Failure(fmt::format("{}: cannot write: {}{}", name_, std::strerror(reason),
                                        is_whole ? "" : "; its last line is torn"));
    }
    lines.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(descriptor_) != 0)
    throw engine::Failure(fmt::format("{}: cannot write: {}", name_, std::strerror(errno)));
}

}  // namespace ingot::search
