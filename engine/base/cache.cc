#include "engine/base/cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <string_view>

#include "engine/base/error.h"

namespace ingot::engine {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kDefaultLimit = 1024 * kMiB;
constexpr std::chrono::hours kInUse{1};

// Whether `folder` is one of this user that nobody else may write to. Ours from times of a lax umask is corrected.
bool is_private(const fs::path& folder) {
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) return false;
  constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;
  if ((status.st_mode & kOthersWrite) != 0 && ::chmod(folder.c_str(), status.st_mode & 07777 & ~kOthersWrite) != 0)
    return false;
  return ::access(folder.c_str(), W_OK | X_OK) == 0;
}

// Paths that are not absolute are to be ignored (XDG Base Directory Specification 0.8).
fs::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  const fs::path path = value != nullptr ? value : "";
  return path.is_absolute() ? path : fs::path();
}

std::uint64_t bytes_in(const fs::path& path) {
  struct stat status {};
  std::uint64_t n = ::lstat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
  if (!S_ISDIR(status.st_mode)) return n;
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error))
    n += bytes_in(entry->path());
  return n;
}

}  // namespace

fs::path cache_folder() {
  const fs::path home = from_environment("HOME");
  std::error_code error;
  const fs::path temporary = fs::temp_directory_path(error);
  struct Candidate {
    fs::path base;
    std::string name;
  };
  for (const auto& [base, name] : {Candidate{from_environment("XDG_CACHE_HOME"), "ingot"},
                                   Candidate{home.empty() ? fs::path() : home / ".cache", "ingot"},
                                   Candidate{temporary, "ingot-" + std::to_string(::geteuid())}}) {
    if (base.empty()) continue;
    fs::create_directories(base, error);
    ::mkdir((base / name).c_str(), 0700);
    if (is_private(base / name)) return base / name;
  }
  fail(
      "cache: no folder that this user alone may write to: ingot in XDG_CACHE_HOME and in ~/.cache and ingot-{} in the "
      "temporary folder were tried",
      ::geteuid());
}

void touch_cache_entry(const fs::path& entry) { ::utimensat(AT_FDCWD, entry.c_str(), nullptr, AT_SYMLINK_NOFOLLOW); }

std::vector<CacheEntry> cache_entries() {
  std::vector<CacheEntry> entries;
  std::error_code error;
  for (fs::directory_iterator entry(cache_folder(), error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;  // by another process
    const fs::file_time_type used = fs::last_write_time(entry->path(), gone);
    if (!gone) entries.push_back({entry->path(), bytes_in(entry->path()), used});
  }
  std::sort(entries.begin(), entries.end(), [](const CacheEntry& a, const CacheEntry& b) { return a.used < b.used; });
  return entries;
}

std::uint64_t cache_limit() {
  const char* value = std::getenv("INGOT_CACHE_LIMIT");
  if (value == nullptr || *value == '\0') return kDefaultLimit;
  const std::string_view text = value;
  std::uint64_t n_mib = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n_mib);
  require(error == std::errc() && end == text.data() + text.size() && n_mib <= UINT64_MAX / kMiB,
          "INGOT_CACHE_LIMIT: must be a whole number of MiB, got '{}'", text);
  return n_mib * kMiB;
}

void trim_cache() {
  const std::uint64_t limit = cache_limit();
  const std::vector<CacheEntry> entries = cache_entries();
  std::uint64_t n_bytes = 0;
  for (const CacheEntry& entry : entries) n_bytes += entry.n_bytes;
  const fs::file_time_type in_use = fs::file_time_type::clock::now() - kInUse;
  for (const CacheEntry& entry : entries) {
    if (n_bytes <= limit || entry.used > in_use) return;
    std::error_code ignored;  // another process removes it too
    fs::remove_all(entry.path, ignored);
    n_bytes -= entry.n_bytes;
  }
}

std::uint64_t clear_cache() {
  std::uint64_t n_bytes = 0;
  for (const CacheEntry& entry : cache_entries()) {
    std::error_code error;
    fs::remove_all(entry.path, error);
    if (error) throw Failure(fmt::format("{}: cannot be removed: {}", entry.path.string(), error.message()));
    n_bytes += entry.n_bytes;
  }
  return n_bytes;
}

}  // namespace ingot::engine
