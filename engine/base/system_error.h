// Turns error numbers of the system (errno) into Error and Failure.
#pragma once

#include <filesystem>

namespace ingot::engine {

// Whether an error number means a failure at work (a full or broken disk, no more memory), which another path would not
// cure. All others blame the path.
bool is_failure_at_work(int reason);

// Throws "PATH: cannot ACTION: REASON": Failure if is_failure_at_work, else Error.
[[noreturn]] void fail_of_system(const std::filesystem::path& path, const char* action, int reason);

}  // namespace ingot::engine
