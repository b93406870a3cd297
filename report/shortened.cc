#include "report/shortened.h"

#include <algorithm>

namespace ingot::report {
namespace {

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

}  // namespace

std::string shortened(const std::string& text, std::size_t most) {
  std::string out;
  std::size_t n = 0;
  bool is_blank = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      is_blank = !out.empty();
      continue;
    }
    const bool begins = begins_character(c);
    n += static_cast<std::size_t>(begins) + static_cast<std::size_t>(is_blank);
    if (begins && n > most) return out + "...";
    if (is_blank) out += ' ';
    is_blank = false;
    out += c;
  }
  return out;
}

std::size_t n_characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

}  // namespace ingot::report
