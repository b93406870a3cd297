// Turns error numbers of the system (errno) into Error and Failure.
#pragma once

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace ingot::engine {

// Whether an error number means a failure at work (a full or broken disk, no more memory), which another path would not
// cure. All others blame the path.
bool is_failure_at_work(int reason);

// Throws "PATH: cannot ACTION: REASON": Failure if is_failure_at_work, else Error.
[[noreturn]] void fail_of_system(const std::filesystem::path& path, const char* action, int reason);

// The same if there is an error.
inline void require_done(const std::error_code& error, const std::filesystem::path& path, const char* action) {
  if (error) fail_of_system(path, action, error.value());
}

// What the call of the system answers when no signal interrupts it.
template <class Call>
auto uninterrupted(const Call& call) {
  auto answer = call();
  while (answer < 0 && errno == EINTR) answer = call();
  return answer;
}

}  // namespace ingot::engine
