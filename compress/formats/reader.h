// Reads the text of a format: name(argument, ...). An argument belongs to the next parameter that can be written so.
#pragma once

#include <string_view>
#include <vector>

#include "compress/formats/format.h"
#include "compress/formats/kind.h"

namespace ingot::compress {

class FormatReader {
 public:
  explicit FormatReader(std::string_view text) : text_(text) {}
  Format read();

 private:
  void read_name();
  void take(std::string_view argument);
  void set_number(std::size_t parameter, double value);
  void set_defaults();
  [[noreturn]] void fail_at(std::string_view argument) const;

  std::string_view text_;
  std::vector<std::string_view> arguments_;
  Format format_;
  std::size_t n_given_ = 0;  // parameters up to the last one given
  std::vector<bool> given_;
};

// "[1,16]" of `text`.
BlockSize read_block(std::string_view argument, std::string_view text);

}  // namespace ingot::compress
