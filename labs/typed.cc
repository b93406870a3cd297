#include "labs/typed.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <string_view>

#include "engine/base/error.h"

namespace ingot::labs {

namespace {

bool is_plain(unsigned char c) {
  return std::isalnum(c) != 0 || std::string_view("_-+./=:,@%").find(c) != std::string_view::npos;
}

std::string quoted(const std::string& word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

std::string command_line(const std::vector<std::string>& words) {
  std::string line = "ingot";
  for (const std::string& word : words) line.append(" ").append(quoted(word));
  return line;
}

OutputAside::OutputAside(int descriptor) : output_(::dup(STDOUT_FILENO)) {
  std::fflush(stdout);
  ::dup2(descriptor, STDOUT_FILENO);
}

OutputAside::OutputAside(bool nowhere) : output_(::dup(STDOUT_FILENO)) {
  std::fflush(stdout);
  const int target = nowhere ? ::open("/dev/null", O_WRONLY | O_CLOEXEC) : STDERR_FILENO;
  ::dup2(target, STDOUT_FILENO);
  if (nowhere) ::close(target);
}

OutputAside::~OutputAside() {
  std::fflush(stdout);
  ::dup2(output_, STDOUT_FILENO);
  ::close(output_);
}

std::string output_of(const std::function<void()>& work) {
  const int file = ::memfd_create("output", MFD_CLOEXEC);
  if (file < 0) throw engine::Failure("no memory to keep the output of a command in");
  std::string text;
  try {
    const OutputAside aside(file);
    work();
  } catch (...) {
    ::close(file);
    throw;
  }
  ::lseek(file, 0, SEEK_SET);
  std::array<char, 1 << 16> block;
  for (ssize_t n; (n = ::read(file, block.data(), block.size())) > 0;)
    text.append(block.data(), static_cast<std::size_t>(n));
  ::close(file);
  return text;
}

}  // namespace ingot::labs
