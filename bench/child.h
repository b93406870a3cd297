// Another program, for what can only be timed from outside.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/child.h"

namespace ingot::bench {

using engine::Child;

// The output of a program that leaves with exit code 0. Throws Error otherwise.
std::string output_of(const std::vector<std::string>& command);

// A file of the build folder that this program lies in, as in "cli/ingot".
std::filesystem::path built(const std::string& path);

// A process that keeps one processor busy whenever it is asked to.
class BusyNeighbour {
 public:
  BusyNeighbour();
  ~BusyNeighbour();
  BusyNeighbour(const BusyNeighbour&) = delete;
  BusyNeighbour& operator=(const BusyNeighbour&) = delete;

  void run() const;
  void pause() const;

 private:
  pid_t process_ = -1;
};

}  // namespace ingot::bench
