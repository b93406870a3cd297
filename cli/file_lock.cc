#include "cli/file_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/error.h"

namespace ingot::cli {

namespace fs = std::filesystem;
using engine::require;

namespace {

// Locks of an open file rather than of a process (fcntl(2)): two threads exclude each other too, and closing another
// descriptor of the file does not give them back. Unlike flock(2) they can be asked about.
struct flock whole_file() {
  return {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
}

}  // namespace

FileLock::FileLock(const fs::path& file, Wait wait) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  require(descriptor >= 0, "{}: cannot write: {}", file.string(), std::strerror(errno));
  struct flock lock = whole_file();
  int locked = 0;
  do {
    locked = ::fcntl(descriptor, wait == Wait::yes ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
  } while (locked != 0 && errno == EINTR);
  if (locked == 0) {
    descriptor_ = descriptor;
    return;
  }
  const int reason = errno;
  ::close(descriptor);
  require(reason == EAGAIN || reason == EACCES, "{}: cannot lock: {}", file.string(), std::strerror(reason));
}

bool is_locked(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return false;  // nobody has made it yet
  struct flock lock = whole_file();
  const bool answered = ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0;
  ::close(descriptor);
  return answered && lock.l_type != F_UNLCK;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace ingot::cli
