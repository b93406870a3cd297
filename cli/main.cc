// The program: runs one command, and is the only place where errors are caught.
// Exit codes: 0 done, 1 failed at work, 2 wrong use or wrong input, 130 stopped by the user.
#include <fmt/format.h>

#include <csignal>

#include "cli/program.h"
#include "engine/base/error.h"
#include "engine/base/process.h"

int main(int argc, char** argv) {
  ingot::engine::start_clock();
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond the limit is an error of its write, as on a full disk
  try {
    return ingot::cli::run_program({argv + 1, argv + argc});
  } catch (const ingot::engine::Error& error) {
    fmt::print(stderr, "ingot: {}\n", error.what());
    return 2;
  } catch (const ingot::engine::Interrupted& interrupted) {
    fmt::print(stderr, "ingot: {}\n", interrupted.what());
    return 130;
  } catch (const std::exception& error) {
    fmt::print(stderr, "ingot: failed: {}\n", error.what());
    return 1;
  }
}
