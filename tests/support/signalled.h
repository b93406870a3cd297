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
  const pid_t process = place.start(words);
  std::error_code error;
  Workplace::wait_until([&] {
    return std::filesystem::exists(place / file) && std::filesystem::file_size(place / file, error) >= n_bytes;
  });
  return Workplace::end(process, signal);
}

}  // namespace ingot::test
