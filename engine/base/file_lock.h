// File locks, by which processes that share a folder tell each other who works on what.
#pragma once

#include <filesystem>

namespace ingot::engine {

enum class Wait { yes, no };
enum class Sharing { alone, together };  // alone: nobody else; together: any number that ask for `together`

enum class LockOutcome {
  locked,
  taken,        // by another process, or by another open file of this one
  unsupported,  // the file system keeps no locks; errno says why
};

// Locks an open file, or changes its lock. The descriptor must be open for writing, to share it for reading. The lock
// belongs to the open file: it ends when its last descriptor is closed, however the process ends.
LockOutcome lock_descriptor(int descriptor, Sharing sharing, Wait wait);

// Whether `file` is still the file that is open: it may have been removed, or replaced, before it was locked.
bool is_file_at(const std::filesystem::path& file, int descriptor);

// A lock of a whole file, which is made at need and stays. Throws Error where the file cannot be written or its file
// system keeps no locks.
class FileLock {
 public:
  FileLock(const std::filesystem::path& file, Wait wait);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  bool is_held() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// Whether some process holds a lock on the file. Takes no lock itself.
bool is_locked(const std::filesystem::path& file);

}  // namespace ingot::engine
