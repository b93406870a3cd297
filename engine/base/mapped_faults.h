// Faults of mapped files: a file that becomes shorter while it is mapped has pages without bytes, and touching one
// raises SIGBUS. For the mappings that are watched this ends the process with a sentence and exit code 1.
#pragma once

#include <cstddef>
#include <string>

namespace ingot::engine {

// From now on a fault in [begin, begin + n_bytes) is one of the file `path`. Beyond 64 mappings at once, more are not
// watched.
void watch_mapping(const std::byte* begin, std::size_t n_bytes, const std::string& path);

// Ends that, before the mapping ends.
void forget_mapping(const std::byte* begin);

}  // namespace ingot::engine
