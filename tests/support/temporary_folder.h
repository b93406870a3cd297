// Folders and files that a test makes and leaves no trace of.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/temporary_folder.h"

namespace ingot::test {

class TemporaryFolder : public engine::TemporaryFolder {
 public:
  std::vector<std::string> names() const {  // of the files and folders inside, sorted
    std::vector<std::string> found;
    for (const auto& item : std::filesystem::directory_iterator(path())) found.push_back(item.path().filename());
    std::sort(found.begin(), found.end());
    return found;
  }
};

// Writes without syncing, and a new file each time (ext4 syncs one that is truncated): thousands of files a second.
inline std::filesystem::path put(const std::filesystem::path& path, std::string_view text) {
  if (std::filesystem::is_regular_file(path)) std::filesystem::remove(path);
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
  return path;
}

}  // namespace ingot::test
