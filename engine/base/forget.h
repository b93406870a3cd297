// Removal of what is of no more use.
#pragma once

#include <filesystem>
#include <new>
#include <system_error>

namespace ingot::engine {

// Removes a file, or a folder with all that it holds. What the disk does not let go of stays, and harms nothing. Throws
// std::bad_alloc if memory is missing, which is no fault of the disk.
inline void forget(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error == std::errc::not_enough_memory) throw std::bad_alloc();
}

}  // namespace ingot::engine
