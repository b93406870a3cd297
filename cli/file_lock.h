// Who works on what, among processes that share a folder.
#pragma once

#include <filesystem>

namespace ingot::cli {

// A lock of a whole file by this process, which the system gives back when the process ends, however it ends.
class FileLock {
 public:
  enum class Wait { yes, no };
  FileLock(const std::filesystem::path& file, Wait wait);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  bool is_held() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// Whether some process has it, without touching it.
bool is_locked(const std::filesystem::path& file);

}  // namespace ingot::cli
