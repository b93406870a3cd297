// A folder for work that leaves nothing behind, even if its process is killed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace ingot::engine {

// A new folder PARENT/PREFIXxxxxxx that only this user may enter, removed with all that is in it. A process that is
// killed leaves it behind; the next TemporaryFolder with the same parent and prefix removes it then: in each lies a
// file that is locked as long as its process lives, on whatever machine that is. Empty folders of such names go, too:
// their processes ended while they made or removed them. Throws Error if it cannot be made,
// Failure if the disk is full.
class TemporaryFolder {
 public:
  TemporaryFolder();  // ingot-xxxxxx in the system's folder for temporary files
  TemporaryFolder(const std::filesystem::path& parent, const std::string& prefix);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace ingot::engine
