#include "labs/typed.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/system_error.h"

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

OutputAside::OutputAside(int descriptor) { lead_to(descriptor); }

OutputAside::OutputAside(bool nowhere) {
  if (!nowhere) {
    lead_to(STDERR_FILENO);
    return;
  }
  const int target = engine::uninterrupted([] { return ::open("/dev/null", O_WRONLY | O_CLOEXEC); });
  if (target < 0) engine::fail_of_system("/dev/null", "open", errno);
  lead_to(target);
  ::close(target);
}

void OutputAside::lead_to(int descriptor) {
  std::fflush(stdout);
  output_ = ::dup(STDOUT_FILENO);
  if (output_ < 0 || ::dup2(descriptor, STDOUT_FILENO) < 0)
    engine::fail_of_system("standard output", "be led elsewhere", errno);
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
  ssize_t n = 0;
  while ((n = engine::uninterrupted([&] { return ::read(file, block.data(), block.size()); })) > 0)
    text.append(block.data(), static_cast<std::size_t>(n));
  const int reason = errno;
  ::close(file);
  if (n < 0) engine::fail_of_system("the output of a command", "read", reason);
  return text;
}

}  // namespace ingot::labs
