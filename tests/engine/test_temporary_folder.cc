#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "engine/base/temporary_folder.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace ingot::engine {
namespace {

namespace fs = std::filesystem;

// A process that makes a folder, says so, and waits to be killed.
pid_t start_holder(const fs::path& parent) {
  int made[2];
  REQUIRE(::pipe(made) == 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    const TemporaryFolder folder(parent, "work-");
    test::put(folder / "deep", "in it");
    if (::write(made[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  REQUIRE(::read(made[0], &byte, 1) == 1);
  ::close(made[0]);
  ::close(made[1]);
  return holder;
}

TEST_CASE("A folder is for this user alone and goes with all that is in it") {
  const test::TemporaryFolder place;
  {
    const TemporaryFolder folder(place.path(), "work-");
    fs::create_directories(folder / "a/b");
    test::put(folder / "a/b/c", "text");
    CHECK(fs::status(folder.path()).permissions() == fs::perms::owner_all);
    CHECK(folder.path().is_absolute());
    CHECK(place.names().size() == 1);
  }
  CHECK(place.names().empty());
}

TEST_CASE("What a killed process left is removed by the next one, what a living one holds is not") {
  const test::TemporaryFolder place;
  const pid_t holder = start_holder(place.path());
  REQUIRE(place.names().size() == 1);
  { const TemporaryFolder other(place.path(), "work-"); }
  CHECK(place.names().size() == 1);
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  REQUIRE(place.names().size() == 1);
  { const TemporaryFolder other(place.path(), "play-"); }
  CHECK(place.names().size() == 1);  // of another purpose
  { const TemporaryFolder other(place.path(), "work-"); }
  CHECK(place.names().empty());
}

TEST_CASE(
    "Processes that are killed while they make and remove folders leave nothing that the next one does not remove") {
  const test::TemporaryFolder place;
  for (int i = 0; i < 60; ++i) {
    const pid_t maker = ::fork();
    if (maker == 0) {
      for (;;) TemporaryFolder(place.path(), "work-");
    }
    ::usleep(static_cast<useconds_t>(300 + 37 * i));
    ::kill(maker, SIGKILL);
    ::waitpid(maker, nullptr, 0);
  }
  { const TemporaryFolder other(place.path(), "work-"); }
  CHECK(place.names().empty());
}

TEST_CASE("Makers beside each other never lose a folder to each other") {
  const test::TemporaryFolder place;
  std::vector<pid_t> makers;
  for (int maker = 0; maker < 4; ++maker) {
    makers.push_back(::fork());
    if (makers.back() != 0) continue;
    for (int i = 0; i < 300; ++i) {
      const TemporaryFolder folder(place.path(), "work-");
      test::put(folder / "file", "text");
      if (!fs::exists(folder / "file")) ::_exit(1);
    }
    ::_exit(0);
  }
  for (const pid_t maker : makers) {
    int status = 1;
    ::waitpid(maker, &status, 0);
    CHECK(status == 0);
  }
  CHECK(place.names().empty());
}

TEST_CASE("What only looks like a folder of ours stays, and so does what a link leads to") {
  const test::TemporaryFolder place, users;
  fs::create_directory(place / "work-abcdef");  // no lock in it
  test::put(place / "work-abcdef/mine", "mine");
  fs::create_directory(place / "work-abcdefg");
  test::put(place / "work-abcdefg/.ingot-lock", "");
  test::put(users / ".ingot-lock", "");
  fs::create_directory_symlink(users.path(), place / "work-linked");
  fs::create_directory(place / "work-piped1");
  fs::create_directory(place / "work-piped1/.ingot-lock");
  { const TemporaryFolder other(place.path(), "work-"); }
  CHECK(place.names() == std::vector<std::string>{"work-abcdef", "work-abcdefg", "work-linked", "work-piped1"});
  CHECK(users.names() == std::vector<std::string>{".ingot-lock"});
}

TEST_CASE("Where no folder can be made, the path is named") {
  const test::TemporaryFolder place;
  test::put(place / "file", "");
  CHECK(test::contains(test::error_text([&] { TemporaryFolder(place / "file", "work-"); }), "file/work-"));
  const std::string before = fs::temp_directory_path();
  ::setenv("TMPDIR", (place / "file").c_str(), 1);
  CHECK(test::contains(test::error_text([] { TemporaryFolder(); }), "TMPDIR: must name a folder"));
  ::setenv("TMPDIR", before.c_str(), 1);
}

}  // namespace
}  // namespace ingot::engine
