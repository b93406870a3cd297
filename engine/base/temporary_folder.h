// A folder for work that leaves nothing behind.
#pragma once

#include <filesystem>
#include <string_view>

namespace ingot::engine {

// Made in the system's folder for temporary files, removed with all that is in it. Throws Error if it cannot be made.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace ingot::engine
