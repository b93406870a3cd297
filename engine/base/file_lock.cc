#include "engine/base/file_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/error.h"
#include "engine/base/system_error.h"

namespace ingot::engine {

namespace fs = std::filesystem;

namespace {

// Locks of an open file rather than of a process (fcntl(2)): two threads exclude each other too, and closing another
// descriptor of the file does not give them back. Unlike flock(2) they can be asked about.
struct flock whole_file(Sharing sharing) {
  const short type = sharing == Sharing::alone ? F_WRLCK : F_RDLCK;
  return {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
}

}  // namespace

LockOutcome lock_descriptor(int descriptor, Sharing sharing, Wait wait) {
  struct flock lock = whole_file(sharing);
  int locked = 0;
  do {
    locked = ::fcntl(descriptor, wait == Wait::yes ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
  } while (locked != 0 && errno == EINTR);
  if (locked == 0) return LockOutcome::locked;
  return errno == EAGAIN || errno == EACCES ? LockOutcome::taken : LockOutcome::unsupported;
}

bool is_file_at(const fs::path& file, int descriptor) {
  struct stat there {
  }, open{};
  return ::lstat(file.c_str(), &there) == 0 && ::fstat(descriptor, &open) == 0 && there.st_ino == open.st_ino &&
         there.st_dev == open.st_dev;
}

FileLock::FileLock(const fs::path& file, Wait wait) {
  const int descriptor = uninterrupted([&] { return ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644); });
  if (descriptor < 0) fail_of_system(file, "write", errno);
  const LockOutcome outcome = lock_descriptor(descriptor, Sharing::alone, wait);
  if (outcome == LockOutcome::locked) {
    descriptor_ = descriptor;
    return;
  }
  const int reason = errno;
  ::close(descriptor);
  require(outcome == LockOutcome::taken, "{}: cannot lock: {}", file.string(), std::strerror(reason));
}

bool is_locked(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return false;  // nobody has made it yet
  struct flock lock = whole_file(Sharing::alone);
  const bool answered = ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0;
  ::close(descriptor);
  return answered && lock.l_type != F_UNLCK;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace ingot::engine
