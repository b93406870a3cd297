#include "cli/documents/documents.h"

namespace ingot::cli {

std::string shell_word(const std::string& text) {
  std::string all = "'";
  for (const char c : text) all += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return all + "'";
}

std::string fish_word(const std::string& text) {
  std::string all = "'";
  for (const char c : text) all += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return all + "'";
}

std::string brief(const std::string& description) {
  std::size_t end = std::min(description.find(": "), description.find("; "));
  if (end == std::string::npos || description.find(" (") < end) end = description.find(" (");
  return description.substr(0, end);
}

}  // namespace ingot::cli
