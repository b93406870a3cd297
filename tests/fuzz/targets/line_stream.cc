// Lines of standard input.
#include "cli/line_stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

#include "engine/base/utf8.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"\n", "\r\n", {"\0", 1}, "\xc3\xa9", "\xff", "\xef\xbb\xbf"};

void read(std::string_view bytes) {
  const int descriptor = ::open(file_of("input", bytes).c_str(), O_RDONLY | O_CLOEXEC);
  cli::LineStream stream(descriptor);
  std::size_t n = 0;
  for (;;) {
    const std::vector<cli::InputLine> lines = stream.next(1 + bytes.size() % 3);
    if (lines.empty()) break;
    for (const cli::InputLine& line : lines) {
      const bool is_right = line.number == ++n && (line.fault.empty() || line.text.empty()) &&
                            engine::find_invalid_utf8(line.text) == std::string::npos;
      if (!is_right) throw std::logic_error("a line with another number or text");
    }
  }
  ::close(descriptor);
}

}  // namespace

Target line_stream() { return {.name = "line_stream", .read = read, .pieces = kPieces}; }

}  // namespace ingot::fuzz
