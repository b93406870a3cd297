// What the system refuses, as our errors.
#pragma once

#include <filesystem>

namespace ingot::engine {

// Whether an error number says that the work failed, a disk that is full or broken or memory that ran out, rather than
// that the path is at fault: another one would not help.
bool is_failure_at_work(int reason);

// Throws "PATH: cannot ACTION: REASON": Failure if is_failure_at_work, else Error.
[[noreturn]] void fail_of_system(const std::filesystem::path& path, const char* action, int reason);

}  // namespace ingot::engine
