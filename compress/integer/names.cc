#include "compress/integer/names.h"

#include <algorithm>

#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::require;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_plain(std::string_view name, std::size_t n_bytes) {
  return !name.empty() && name.size() <= n_bytes && name[0] != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '.';
  });
}

bool is_identifier(std::string_view name) {
  return is_plain(name) && !is_digit(name[0]) && name.find('.') == std::string_view::npos;
}

void check_plain(const std::string& where, const std::string& name) {
  require(is_plain(name), "{}: a name must be at most {} letters, digits, _ and '.', and begin with no '.', got '{}'",
          where, kMaxName, name);
}

void check_layer_name(const std::string& where, const std::string& name) {
  require(is_identifier(name), "{}: a name must be at most {} letters, digits and _, and begin with no digit, got '{}'",
          where, kMaxName, name);
}

}  // namespace ingot::compress
