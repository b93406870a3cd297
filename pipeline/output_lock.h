// Lets one process at a time write an output. A second one is refused, and told which process is at work.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/file_lock.h"

namespace ingot::pipeline {

// Held from before a command's work until its last file is written. The lock is a file that says who holds it. It is
// removed with the command, and one that stays behind locks nothing.
class OutputLock {
 public:
  // `command` is its name, as in "search nas". Of the folder --out, which is made at need and removed again if nothing
  // came into it. `together`: several processes of such a command may work in it. Throws Error if another process holds
  // it, or the folder cannot be written. Where the file system keeps no locks, that is said and the work goes on.
  OutputLock(const std::filesystem::path& out, const std::string& command,
             engine::Sharing sharing = engine::Sharing::alone);

  // Of an output that is one file, or a folder that is replaced as a whole: the lock lies beside it.
  static OutputLock beside(const std::filesystem::path& out, const std::string& command);

  ~OutputLock();
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;

  // Whether the same command held it last and did not finish: what lies there may be half of its output.
  bool was_abandoned() const { return was_abandoned_; }
  // From now on a command that fails leaves the file of the lock, as one that is killed does.
  void stay_until_finished() { stays_ = true; }
  void finished() { stays_ = false; }

 private:
  struct Place {
    std::filesystem::path out, file;
  };
  OutputLock(Place place, const std::string& command, engine::Sharing sharing);

  void make_folder();
  bool try_lock(engine::Sharing sharing);
  void refuse() const;

  Place place_;
  std::vector<std::filesystem::path> made_;  // folders, the outermost first
  int descriptor_ = -1;
  bool was_abandoned_ = false, stays_ = false;
};

// Whether a folder is empty but for our lock; also true of one that does not exist.
bool is_unused(const std::filesystem::path& folder);

// Whether a file of that name in an output folder is its lock.
bool is_lock(const std::filesystem::path& file);

}  // namespace ingot::pipeline
