#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>

#include "engine/base/child.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace ingot::engine {
namespace {

TEST_CASE("A program's output and exit code come back, errors in the output") {
  const ChildResult result = run_child({"sh", "-c", "echo out; echo error >&2; exit 3"});
  CHECK(result.code == 3);
  CHECK(result.output == "out\nerror\n");
}

TEST_CASE("A program runs in the folder and with the variables that it is given") {
  const test::TemporaryFolder folder;
  const ChildResult result =
      run_child({"sh", "-c", "pwd; echo $HOME"}, {.folder = folder.path(), .environment = {"HOME=elsewhere"}});
  CHECK(result.output == std::filesystem::canonical(folder.path()).string() + "\nelsewhere\n");
}

TEST_CASE("A killed program's exit code names the signal") {
  CHECK(run_child({"sh", "-c", "kill -9 $$"}).code == 128 + SIGKILL);
}

TEST_CASE("A missing program is named with its package") {
  CHECK(test::error_text([] { require_program("no-such-program", "a-package"); }) ==
        "no-such-program is missing: install the Debian package a-package");
  CHECK(test::error_text([] { run_child({"./no-such-program"}); }) == "./no-such-program: no such program");
}

TEST_CASE("What PATH names and cannot be looked into holds no program") {
  const test::TemporaryFolder folder;
  std::filesystem::create_symlink("loop", folder / "loop");
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", ((folder / "loop").string() + ":" + std::string(5000, 'x') + ":" + before).c_str(), 1);
  CHECK(find_program("sh").has_value());
  CHECK_FALSE(find_program("no-such-program").has_value());
  CHECK_FALSE(find_program((folder / "loop/sh").string()).has_value());
  ::setenv("PATH", before.c_str(), 1);
}

TEST_CASE("An output of many lines is read to its end") { CHECK(run_child({"seq", "100000"}).output.size() == 588895); }

}  // namespace
}  // namespace ingot::engine
