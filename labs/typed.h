// Commands that a lab runs as if a user had typed them.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace ingot::labs {

// `ingot WORDS` as a shell reads it: words with other than plain characters are quoted.
std::string command_line(const std::vector<std::string>& words);

// While it lives, what is written to standard output goes where standard error goes, nowhere, or into `descriptor`.
// Throws Failure if the system refuses that.
class OutputAside {
 public:
  explicit OutputAside(bool nowhere = false);
  explicit OutputAside(int descriptor);
  ~OutputAside();
  OutputAside(const OutputAside&) = delete;
  OutputAside& operator=(const OutputAside&) = delete;

 private:
  void lead_to(int descriptor);

  int output_ = -1;
};

// What `work` writes to standard output. Throws Failure if there is no memory to keep it in.
std::string output_of(const std::function<void()>& work);

}  // namespace ingot::labs
