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

constexpr const char kLock[] = ".ingot-lock", kUnlocked[] = ".ingot-lock.new";
constexpr const char kAnyName[] = "XXXXXX";  // what mkdtemp replaces

// A lock of the open file, not of the process: forked children and other descriptors do not give it back. It belongs
// to nobody any more when the process has ended, however it ended. False if another process has it, or no file of this
// file system can be locked.
bool lock(int descriptor) {
  struct flock whole {
    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0
  };
  return ::fcntl(descriptor, F_OFD_SETLK, &whole) == 0;
}

// The file gets its name only when it is locked: nobody finds it unlocked while its process lives.
int locked_file(const fs::path& folder) {
  const fs::path unlocked = folder / kUnlocked;
  const int descriptor = ::open(unlocked.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0 && lock(descriptor) && ::rename(unlocked.c_str(), (folder / kLock).c_str()) == 0)
    return descriptor;
  if (descriptor >= 0) ::close(descriptor);
  ::unlink(unlocked.c_str());
  return -1;
}

// The lock goes last: of a process that is killed here the next one still finds the rest.
void remove_whole(const fs::path& folder) {
  std::error_code error, ignored;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename() != kLock) fs::remove_all(entry->path(), ignored);
  }
  fs::remove_all(folder, ignored);
}

// Whether it is one of this user that a killed process has left behind. Its lock is then this process's.
bool is_left(const fs::path& folder, int& descriptor) {
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) return false;
  descriptor = ::open((folder / kLock).c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return false;
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && lock(descriptor)) return true;
  ::close(descriptor);
  return false;
}

void remove_left(const fs::path& parent, const std::string& prefix) {
  std::error_code error;
  for (fs::directory_iterator entry(parent, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    int descriptor = -1;
    if (name.size() != prefix.size() + std::strlen(kAnyName) || !name.starts_with(prefix)) continue;
    if (!is_left(entry->path(), descriptor)) continue;
    remove_whole(entry->path());
    ::close(descriptor);
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
  std::string name = (fs::absolute(parent, error) / (prefix + kAnyName)).string();
  if (::mkdtemp(name.data()) == nullptr) fail_of_system(name, "make the folder", errno);
  path_ = name;
  lock_ = locked_file(path_);
}

TemporaryFolder::~TemporaryFolder() {
  remove_whole(path_);
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace ingot::engine
