// The program, stopped in the middle of its work.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/support/program.h"

namespace ingot::test {

// Starts the program, waits until the file has so many bytes, sends the signal, and returns the wait status.
inline int signalled(const Workplace& place, const std::string& words, const std::string& file, std::uintmax_t n_bytes,
                     int signal) {
  const std::string line = "cd '" + (place / "").string() +
                           "' && exec env XDG_CACHE_HOME=\"$PWD/cache\" '" INGOT_BINARY "' " + words +
                           " >stdout 2>stderr";
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/bash", "bash", "-c", line.c_str(), nullptr);
    ::_exit(127);
  }
  std::error_code error;
  const auto is_written = [&] {
    return std::filesystem::exists(place / file) && std::filesystem::file_size(place / file, error) >= n_bytes;
  };
  for (int i = 0; i < 15000 && !is_written(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ::kill(child, signal);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace ingot::test
