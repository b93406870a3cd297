// Whether a file is there, where the answer no must not mean that nobody could look.
#pragma once

#include <filesystem>

#include "engine/base/system_error.h"

namespace ingot::engine {

// Whether there is a file or folder of that name. Throws Error or Failure if the system cannot say: the disk is broken,
// a folder on the way may not be entered.
inline bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  const bool found = std::filesystem::exists(path, error);
  require_done(error, path, "read");
  return found;
}

}  // namespace ingot::engine
