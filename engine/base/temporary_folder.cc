#include "engine/base/temporary_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/error.h"
#include "engine/base/system_error.h"

namespace ingot::engine {
namespace fs = std::filesystem;
namespace {

constexpr const char kLock[] = ".ingot-lock";
constexpr const char kAnyName[] = "XXXXXX";  // what mkdtemp replaces

enum class Lock { held, of_another, impossible };

// A lock of the open file, not of the process: forked children and other descriptors do not give it back. It belongs
// to nobody any more when the process has ended, however it ended. Impossible where the file system locks no files.
Lock lock(int descriptor) {
  struct flock whole {
    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0
  };
  if (::fcntl(descriptor, F_OFD_SETLK, &whole) == 0) return Lock::held;
  return errno == EAGAIN || errno == EACCES ? Lock::of_another : Lock::impossible;
}

// The lock goes last: of a process that is killed here the next one still finds the rest.
void remove_whole(const fs::path& folder) {
  std::error_code error, ignored;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename() != kLock) fs::remove_all(entry->path(), ignored);
  }
  fs::remove_all(folder, ignored);
}

// Locks a new folder. A process may be killed at any point here, and another may take the folder for one that was left
// until its lock is held: false if one has. Without locks the file stays, so that nobody takes the folder for empty.
bool lock_folder(const fs::path& folder, int& descriptor) {
  descriptor = ::open((folder / kLock).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    if (errno == ENOENT) return false;
    fail_of_system(folder / kLock, "make the file", errno);
  }
  struct stat status {};
  const Lock found = lock(descriptor);
  if (found != Lock::of_another && ::fstat(descriptor, &status) == 0 && status.st_nlink > 0) return true;
  ::close(descriptor);
  return false;
}

// Whether it is one of this user that a killed process has left behind. Its lock is then this process's.
bool is_left(const fs::path& folder, int& descriptor) {
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) return false;
  descriptor = ::open((folder / kLock).c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return false;
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && lock(descriptor) == Lock::held) return true;
  ::close(descriptor);
  return false;
}

void remove_left(const fs::path& parent, const std::string& prefix) {
  std::error_code error;
  for (fs::directory_iterator entry(parent, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    int descriptor = -1;
    if (name.size() != prefix.size() + std::strlen(kAnyName) || !name.starts_with(prefix)) continue;
    if (is_left(entry->path(), descriptor)) {
      remove_whole(entry->path());
      ::close(descriptor);
    } else {
      ::rmdir(entry->path().c_str());  // only an empty one goes: its process ended before or after its lock was there
    }
  }
}

fs::path folder_for_temporary_files() {
  std::error_code error;
  fs::path path = fs::temp_directory_path(error);
  require(!error, "TMPDIR: must name a folder: {}", error.message());
  return path;
}

}  // namespace

TemporaryFolder::TemporaryFolder() : TemporaryFolder(folder_for_temporary_files(), "ingot-") {}

TemporaryFolder::TemporaryFolder(const fs::path& parent, const std::string& prefix) {
  remove_left(parent, prefix);
  std::error_code error;  // absolute: programs at work in it have it as their working directory
  const std::string pattern = (fs::absolute(parent, error) / (prefix + kAnyName)).string();
  do {
    std::string name = pattern;
    if (::mkdtemp(name.data()) == nullptr) fail_of_system(name, "make the folder", errno);
    path_ = name;
  } while (!lock_folder(path_, lock_));
}

TemporaryFolder::~TemporaryFolder() {
  remove_whole(path_);
  ::close(lock_);
}

}  // namespace ingot::engine
