// Texts from front to back, of which no more is in memory than is looked at: a window onto the text, which the parsers
// of tables move on row by row.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace ingot::data {

// The most bytes that a row may have, as it stands in the file: the window holds a whole one, and a block of 1 MiB
// more.
inline constexpr std::size_t kMostRowBytes = std::size_t{64} << 20;

// The next bytes, valid until the next call; none at the end.
using NextBlock = std::function<std::string_view()>;

class TextReader {
 public:
  // A text in memory, UTF-8, which outlives this. With n_block_bytes it comes in blocks of these, as a file does.
  explicit TextReader(std::string_view text, std::size_t n_block_bytes = std::string_view::npos);

  // A file, plain or under gzip, without its byte order mark, and with LF in place of CR if lines end with CR alone.
  // Reads all of it to see that it is right, so that no row is taken of a file that is not. Throws Error if it is not
  // UTF-8 (saying what it is instead, where that is known), no regular file, damaged, or longer than `most_bytes`.
  TextReader(const std::filesystem::path& file, std::uint64_t most_bytes);

  TextReader(const TextReader&) = delete;
  TextReader& operator=(const TextReader&) = delete;

  void rewind();  // to the beginning, where it is at first

  std::uint64_t size() const { return n_text_bytes_; }      // of the text, unpacked
  std::uint64_t position() const { return n_read_bytes_; }  // of the file, as it is on the disk: what has been read

  // What begins at the place that the text was dropped to. Parts of it are valid until the next extend().
  std::string_view window() const { return window_; }
  bool is_last() const { return is_last_; }  // nothing comes behind the window
  void drop(std::size_t n_bytes) { window_.remove_prefix(n_bytes); }

  // Makes the window larger, or the last one. Throws Error naming `line`, where the row begins, if it is too long.
  void extend(std::size_t line);

  // Takes the next line off, without its LF or CRLF; false at the end.
  bool next_line(std::string_view& line);

 private:
  NextBlock plain_blocks();
  NextBlock packed_blocks();
  void fill();
  void check();
  void begin();
  void scan();

  std::filesystem::path path_;  // empty: a text in memory
  std::uint64_t most_bytes_ = 0;
  std::string_view whole_;  // of a text in memory that does not come in blocks
  std::size_t n_block_bytes_;
  std::function<NextBlock()> open_;  // null: `whole_`
  bool ends_with_cr_ = false;        // lines do
  std::uint64_t n_text_bytes_ = 0;

  // Since it was rewound:
  NextBlock next_;
  std::string buffer_;       // ends where the window does
  std::string_view window_;  // of `buffer_`, or of `whole_`
  bool is_last_ = false, is_begin_ = true;
  std::uint64_t n_bytes_ = 0, n_read_bytes_ = 0;  // unpacked, and as they are on the disk
  std::size_t n_lines_ = 0;                       // that next_line() has taken
  std::size_t n_unchecked_ = 0;                   // bytes at the end of the window: not yet known to be UTF-8
  std::uint64_t n_checked_ = 0, n_checked_lines_ = 0;
};

}  // namespace ingot::data
