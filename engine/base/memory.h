// Running out of memory while a file is read: the error names the file.
#pragma once

#include <filesystem>
#include <new>
#include <stdexcept>

#include "engine/base/error.h"

namespace ingot::engine {

// Thrown when there is no more memory for tensors.
struct OutOfMemory : Failure {
  using Failure::Failure;
};

// Returns read(). Throws Failure, naming the file, if read() runs out of memory.
template <class Read>
auto naming_file(const std::filesystem::path& path, const Read& read) {
  try {
    return read();
  } catch (const OutOfMemory& full) {
    throw Failure(fmt::format("{}: there is not enough memory to read it: {}", path.string(), full.what()));
  } catch (const std::bad_alloc&) {
    throw Failure(fmt::format("{}: there is not enough memory to read it", path.string()));
  } catch (const std::length_error&) {
    throw Failure(fmt::format("{}: there is not enough memory to read it", path.string()));
  }
}

}  // namespace ingot::engine
