#include "engine/base/replace_folder.h"

#include <fcntl.h>
#include <stdio.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace ingot::engine {

namespace fs = std::filesystem;

void replace_folder(const fs::path& fresh, const fs::path& final) {
  std::error_code error;
  const auto fail = [&](int reason) {
    throw Failure(fmt::format("{}: cannot be replaced: {}", final.string(), std::strerror(reason)));
  };
  if (::rename(fresh.c_str(), final.c_str()) == 0) return sync_folder(final.parent_path());  // there was none
  if (errno != ENOTEMPTY && errno != EEXIST) fail(errno);
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, final.c_str(), RENAME_EXCHANGE) != 0) {
    // A file system that exchanges nothing: for a moment there is none.
    if (errno != EINVAL && errno != ENOSYS) fail(errno);
    fs::remove_all(final, error);
    if (::rename(fresh.c_str(), final.c_str()) != 0) fail(errno);
  }
  sync_folder(final.parent_path());
  fs::remove_all(fresh, error);
}

}  // namespace ingot::engine
