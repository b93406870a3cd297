#include "pipeline/output_lock.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/is_there.h"
#include "engine/base/printable.h"
#include "engine/base/progress.h"
#include "engine/base/system_error.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
using engine::LockOutcome;
using engine::require;
using engine::say;
using engine::Sharing;
using engine::Wait;

namespace {

constexpr const char kLockFile[] = ".ingot.lock";
constexpr int kTries = 10;  // while a holder may be about to end, or to write down who it is
constexpr std::chrono::milliseconds kBetweenTries{50};

std::string named(const std::string& command) { return fmt::format(", ingot {}, ", command); }

std::string holder(const std::string& command) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("process {} on host {}{}since {:%Y-%m-%d %H:%M:%S} UTC", ::getpid(), host.data(), named(command),
                     fmt::gmtime(std::time(nullptr)));
}

std::string said_in(int descriptor) {
  std::array<char, 1024> text{};
  const ssize_t n = ::pread(descriptor, text.data(), text.size(), 0);
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
}

bool is_there(const fs::path& path) {
  std::error_code unreadable;  // what cannot be looked at cannot be written either: that is said
  return fs::exists(path, unreadable);
}

// Throws Error unless a folder `out` is there and can be written, or can be made.
void check_writable(const fs::path& out) {
  std::error_code error;
  fs::path parent = fs::absolute(out, error);  // the nearest folder that is there
  require(!error && !out.empty(), "--out: must name a folder, got '{}'", out.string());
  while (!is_there(parent) && parent.has_relative_path()) parent = parent.parent_path();
  require(fs::is_directory(parent, error), "--out {}: {} is a file, not a folder", out.string(), parent.string());
  const bool is_writable = ::access(parent.c_str(), W_OK | X_OK) == 0;  // beforehand: it sets errno
  require(is_writable, "--out {}: cannot write to {}: {}", out.string(), parent.string(), std::strerror(errno));
}

fs::path without_trailing_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

// Of a destructor: what cannot be found out may be so.
bool may_hold_output(const fs::path& folder) {
  try {
    return !is_unused(folder);
  } catch (const std::exception&) {
    return true;
  }
}

}  // namespace

OutputLock::OutputLock(const fs::path& out, const std::string& command, Sharing sharing)
    : OutputLock(Place{out, out / kLockFile}, command, sharing) {}

OutputLock OutputLock::beside(const fs::path& out, const std::string& command) {
  require(!out.empty(), "--out: must not be empty");
  const fs::path whole = without_trailing_slash(fs::absolute(out).lexically_normal());
  return {Place{out, whole.parent_path() / ("." + whole.filename().string() + kLockFile)}, command, Sharing::alone};
}

OutputLock::OutputLock(Place place, const std::string& command, Sharing sharing) : place_(std::move(place)) {
  check_writable(place_.file.parent_path());
  for (int i = 0; !try_lock(sharing); ++i) {
    if (i == kTries) refuse();
    std::this_thread::sleep_for(kBetweenTries);
  }
  if (descriptor_ < 0) return;  // there are no locks here
  was_abandoned_ = said_in(descriptor_).find(named(command)) != std::string::npos;
  const std::string text = holder(command);
  // For others to read. On a full disk it stays empty, and the work fails soon enough.
  if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, text.data(), text.size(), 0) < 0) return;
}

void OutputLock::make_folder() {
  std::vector<fs::path> missing;
  std::error_code error;
  for (fs::path folder = without_trailing_slash(fs::absolute(place_.file.parent_path(), error));
       !is_there(folder) && folder.has_relative_path(); folder = folder.parent_path())
    missing.insert(missing.begin(), folder);
  for (const fs::path& folder : missing) {
    if (fs::create_directory(folder, error)) made_.push_back(folder);
    engine::require_done(error, "--out " + place_.out.string(), "make the folder");
  }
}

// False if another process has it. True without a descriptor where there are no locks.
bool OutputLock::try_lock(Sharing sharing) {
  make_folder();
  const fs::path& file = place_.file;
  const int descriptor = engine::uninterrupted(
      [&] { return ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644); });
  if (descriptor < 0 && errno == ENOENT) return false;  // its last holder has just removed the folder
  if (descriptor < 0)
    engine::fail_of_system("--out " + place_.out.string(), fmt::format("write {}", file.string()).c_str(), errno);
  struct stat status {};
  const bool is_plain = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  const LockOutcome outcome = is_plain ? engine::lock_descriptor(descriptor, sharing, Wait::no) : LockOutcome::taken;
  const int reason = errno;
  if (outcome == LockOutcome::locked && engine::is_file_at(file, descriptor)) {
    descriptor_ = descriptor;
    return true;
  }
  ::close(descriptor);
  require(is_plain, "--out {}: {} must be a regular file", place_.out.string(), file.string());
  if (outcome != LockOutcome::unsupported) return false;
  say(engine::printable(
      fmt::format("note: {}: its file system keeps no locks ({}): nothing keeps a second process away",
                  place_.out.string(), std::strerror(reason))));
  ::unlink(file.c_str());
  return true;
}

void OutputLock::refuse() const {
  const int descriptor = ::open(place_.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  const std::string who = descriptor < 0 ? "" : said_in(descriptor);
  if (descriptor >= 0) ::close(descriptor);
  engine::fail("--out {}: another process is writing there ({}); wait until it ends, or choose another one",
               place_.out.string(), who.empty() ? "which does not say who it is" : who);
}

OutputLock::~OutputLock() {
  if (descriptor_ < 0) return;
  // Of those who share it the last one removes it.
  const bool stays = stays_ && may_hold_output(place_.file.parent_path());
  if (!stays && engine::lock_descriptor(descriptor_, Sharing::alone, Wait::no) == LockOutcome::locked)
    ::unlink(place_.file.c_str());
  ::close(descriptor_);
  for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) {
    if (::rmdir(folder->c_str()) != 0) break;  // something is in it
  }
}

bool is_unused(const fs::path& folder) {
  std::error_code error;
  if (!engine::is_there(folder)) return true;
  fs::directory_iterator entry(folder, error);
  const fs::directory_iterator end;
  while (!error && entry != end && is_lock(entry->path())) entry.increment(error);
  engine::require_done(error, folder, "read");
  return entry == end;
}

bool is_lock(const fs::path& file) { return file.filename() == kLockFile; }

}  // namespace ingot::pipeline
