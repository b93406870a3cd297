#include "engine/base/system_error.h"

#include <cerrno>
#include <cstring>

#include "engine/base/error.h"

namespace ingot::engine {

bool is_failure_at_work(int reason) {
  for (const int at_work : {ENOSPC, EDQUOT, EFBIG, EIO, ENOMEM, EMFILE, ENFILE, EINTR}) {
    if (reason == at_work) return true;
  }
  return false;
}

void fail_of_system(const std::filesystem::path& path, const char* action, int reason) {
  const std::string text = fmt::format("{}: cannot {}: {}", path.string(), action, std::strerror(reason));
  if (is_failure_at_work(reason)) throw Failure(text);
  throw Error(text);
}

}  // namespace ingot::engine
