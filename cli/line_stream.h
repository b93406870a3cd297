// Lines of standard input as they come: what is there is taken at once, and nobody waits for more.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ingot::cli {

// A longer line is not held in memory.
inline constexpr std::size_t kMostLineBytes = std::size_t{16} << 20;

struct InputLine {
  std::size_t number = 0;  // from 1
  std::string text;        // valid UTF-8, without the line's end (LF or CRLF)
  std::string fault = {};  // what is wrong with a line that cannot be used; its text is empty then
};

class LineStream {
 public:
  // Of a file that is open for reading, and stays so.
  explicit LineStream(int descriptor) : descriptor_(descriptor) {}

  // Waits for a line, then takes those that are there already: at most `n_lines`, and about 4 MiB. Empty at the end.
  // Throws Error if the input cannot be read.
  std::vector<InputLine> next(std::size_t n_lines);

 private:
  bool take(std::vector<InputLine>& lines);  // the next line in the buffer, if it is whole
  bool fill(bool wait);                      // whether more may be in the buffer
  InputLine checked(std::string line, std::size_t n_bytes);

  int descriptor_;
  bool ended_ = false;
  std::string buffer_;
  std::size_t begin_ = 0;      // of the next line in the buffer
  std::size_t scanned_ = 0;    // up to here no line ends
  std::size_t n_dropped_ = 0;  // bytes of the next line that were not held
  std::size_t n_lines_ = 0;
};

}  // namespace ingot::cli
