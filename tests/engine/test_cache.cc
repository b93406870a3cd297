// The cache is this user's alone, is found again, and does not grow without end.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>

#include "engine/base/cache.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot::engine;
using namespace ingot::test;
namespace fs = std::filesystem;

namespace {

// A variable of the environment has another value, or none, as long as this lives.
class Variable {
 public:
  Variable(const char* name, const std::optional<std::string>& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Variable() { set(before_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const std::optional<std::string>& value) const {
    value ? ::setenv(name_, value->c_str(), 1) : ::unsetenv(name_);
  }
  const char* name_;
  std::optional<std::string> before_;
};

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  ::lstat(path.c_str(), &status);
  return status.st_mode & 07777;
}

// An entry of so many bytes, used so long ago.
void put_entry(const std::string& name, std::size_t n_bytes, std::chrono::minutes age) {
  const fs::path path = put(cache_folder() / name, std::string(n_bytes, 'x'));
  fs::last_write_time(path, fs::file_time_type::clock::now() - age);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const CacheEntry& entry : cache_entries()) all.push_back(entry.path.filename());
  return all;
}

using std::chrono::minutes;
constexpr std::size_t kMiB = 1 << 20;

}  // namespace

TEST_CASE(
    "the cache folder follows XDG_CACHE_HOME, then HOME, then the user's number, and is made for this user alone") {
  const TemporaryFolder folder;
  const Variable temporary("TMPDIR", folder / "tmp"), xdg("XDG_CACHE_HOME", folder / "xdg"),
      home("HOME", folder / "home");
  fs::create_directories(folder / "tmp");
  CHECK(cache_folder() == folder / "xdg/ingot");
  CHECK(mode_of(folder / "xdg/ingot") == 0700);
  for (const std::optional<std::string>& none : {std::optional<std::string>(), {""}, {"relative"}}) {
    const Variable no_xdg("XDG_CACHE_HOME", none);
    CHECK(cache_folder() == folder / "home/.cache/ingot");
    const Variable no_home("HOME", none);
    CHECK(cache_folder() == folder / ("tmp/ingot-" + std::to_string(::geteuid())));
  }
}

TEST_CASE("a cache folder that others may write to is closed to them, and one of somebody else is not used") {
  const TemporaryFolder folder;
  const Variable temporary("TMPDIR", folder / "tmp"), xdg("XDG_CACHE_HOME", folder / "xdg"),
      home("HOME", folder / "home");
  fs::create_directories(folder / "tmp");
  ::chmod(cache_folder().c_str(), 0777);
  CHECK(cache_folder() == folder / "xdg/ingot");
  CHECK(mode_of(folder / "xdg/ingot") == 0755);
  fs::remove_all(folder / "xdg/ingot");
  fs::create_directories(folder / "elsewhere");
  fs::create_directory_symlink(folder / "elsewhere", folder / "xdg/ingot");  // whoever made the link can turn it
  CHECK(cache_folder() == folder / "home/.cache/ingot");
  if (::geteuid() != 0) {
    MESSAGE("skipped: a folder of another user, which only root can make");
    return;
  }
  REQUIRE(::chown((folder / "home/.cache/ingot").c_str(), 12345, 12345) == 0);
  const fs::path own = folder / ("tmp/ingot-" + std::to_string(::geteuid()));
  CHECK(cache_folder() == own);
  REQUIRE(::chown(own.c_str(), 12345, 12345) == 0);
  CHECK(error_text([] { cache_folder(); }).starts_with("cache: no folder that this user alone may write to"));
}

TEST_CASE("what was used longest ago is removed first, until the rest is within the limit") {
  const TemporaryFolder folder;
  const Variable xdg("XDG_CACHE_HOME", folder.path()), limit("INGOT_CACHE_LIMIT", "2");
  put_entry("old", kMiB * 9 / 10, minutes(300));
  put_entry("oldest", kMiB, minutes(400));
  put_entry("newer", kMiB * 9 / 10, minutes(200));
  trim_cache();
  CHECK(names() == std::vector<std::string>{"old", "newer"});
  touch_cache_entry(cache_folder() / "old");
  touch_cache_entry(cache_folder() / "absent");
  fs::create_directories(cache_folder() / "folder/inside");
  put(cache_folder() / "folder/inside/f", std::string(2 * kMiB, 'x'));
  fs::last_write_time(cache_folder() / "folder", fs::file_time_type::clock::now() - minutes(100));
  CHECK(names() == std::vector<std::string>{"newer", "folder", "old"});
  trim_cache();
  CHECK(names() == std::vector<std::string>{"old"});
}

TEST_CASE("what was used within the last hour stays, however much it is") {
  const TemporaryFolder folder;
  const Variable xdg("XDG_CACHE_HOME", folder.path()), limit("INGOT_CACHE_LIMIT", "1");
  put_entry("in use", 3 * kMiB, minutes(59));
  put_entry("idle", kMiB, minutes(61));
  trim_cache();
  CHECK(names() == std::vector<std::string>{"in use"});
  CHECK(clear_cache() >= 3 * kMiB);
  CHECK(names().empty());
}

TEST_CASE("the limit is a whole number of MiB") {
  {
    const Variable none("INGOT_CACHE_LIMIT", std::nullopt);
    CHECK(cache_limit() == 1024 * kMiB);
  }
  for (const std::string text : {"1.5", "-1", "1 GiB", "99999999999999999999"}) {
    const Variable limit("INGOT_CACHE_LIMIT", text);
    CHECK(error_text([] { cache_limit(); }) == "INGOT_CACHE_LIMIT: must be a whole number of MiB, got '" + text + "'");
  }
}
