#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "engine/base/process.h"

using namespace ingot::engine;

TEST_CASE("an interruption that one thread receives is seen by another") {
  const pid_t child = ::fork();  // whoever was interrupted once is for good
  if (child == 0) {
    catch_interrupts();
    std::thread other([] {
      while (!interrupted()) std::this_thread::yield();
    });
    std::raise(SIGINT);
    other.join();
    ::_exit(interrupted() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
