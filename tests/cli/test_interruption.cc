// Ctrl-C and kill -9 in the middle of training.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/support/program.h"

using namespace ingot;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

const std::string kLonger = "--epochs 60 --save-every 7";

// Starts training, waits until its log has grown, sends the signal, and returns the wait status.
int signalled(const Workplace& place, const std::string& out, int signal) {
  const std::string line = "cd '" + (place / "").string() +
                           "' && exec env XDG_CACHE_HOME=\"$PWD/cache\" '" INGOT_BINARY "' " +
                           Workplace::train(kLonger + " --out " + out) + " >stdout 2>stderr";
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/bash", "bash", "-c", line.c_str(), nullptr);
    ::_exit(127);
  }
  std::error_code error;
  for (int i = 0; i < 3000 && (!fs::exists(place / (out + "/metrics.jsonl")) ||
                               fs::file_size(place / (out + "/metrics.jsonl"), error) < 300);
       ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ::kill(child, signal);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("a run that was interrupted or killed resumes to the bits of one that was not") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train(kLonger + " --out whole")).code == 0);
  const std::string whole = test::text_of_file(place / "whole/last/model.safetensors");

  const int interrupted = signalled(place, "interrupted", SIGINT);
  CHECK(WIFEXITED(interrupted));
  CHECK(WEXITSTATUS(interrupted) == 130);
  CHECK(test::text_of_file(place / "stderr").find("continue with --resume") != std::string::npos);
  REQUIRE(place.run(Workplace::train(kLonger + " --out interrupted --resume")).code == 0);
  CHECK(test::text_of_file(place / "interrupted/last/model.safetensors") == whole);

  CHECK(WIFSIGNALED(signalled(place, "killed", SIGKILL)));
  CHECK_FALSE(fs::exists(place / "killed/last"));
  REQUIRE(place.run(Workplace::train(kLonger + " --out killed --resume")).code == 0);
  CHECK(test::text_of_file(place / "killed/last/model.safetensors") == whole);
}
