#include "hw/simulation/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/printable.h"

namespace ingot::hw {
namespace {

constexpr int kMostLines = 1'000'000;  // of a range, and of all items

// The value of a key in "\1KEY\2VALUE\1KEY\2VALUE...".
std::string field(const std::string& item, const std::string& key) {
  const std::string mark = "\1" + key + "\2";
  const std::size_t at = item.find(mark);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + mark.size();
  return item.substr(begin, item.find_first_of("\1'", begin) - begin);
}

// "108-115" or "120".
std::pair<int, int> range_of(const std::string& text) {
  const char *at = text.data(), *const end = at + text.size();
  bool good = true;
  const auto number = [&] {
    int value = 0;
    const std::from_chars_result read = std::from_chars(at, end, value);
    good = good && read.ec == std::errc() && value >= 0;
    at = read.ptr;
    return value;
  };
  const int first = number();
  const int last = at != end && *at == '-' ? (++at, number()) : first;
  engine::require(good && at == end && first <= last && last - first < kMostLines,
                  "coverage: lines must be as in 108-115, at most {} of them, got '{}'", kMostLines,
                  engine::excerpt(text));
  return {first, last};
}

// What an item counts: lines as in "108-115,120"; or, of an `else` that is not there, when it would have been taken.
std::vector<std::string> places(const std::string& item) {
  const std::string path = field(item, "f"), file = path.substr(path.rfind('/') + 1), ranges = field(item, "S");
  if (ranges.empty()) return {fmt::format("{}:{} {}", file, field(item, "l"), field(item, "o"))};
  std::vector<std::string> all;
  std::istringstream list(ranges);
  for (std::string range; std::getline(list, range, ',');) {
    const auto [first, last] = range_of(range);
    for (std::int64_t number = first; number <= last; ++number) all.push_back(fmt::format("{}:{}", file, number));
  }
  return all;
}

}  // namespace

// A line an item: C 'KEYS' COUNT. Instances of a module are items of their own: a line is reached if one of them is.
Coverage read_coverage(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  engine::require(line.starts_with("# SystemC::Coverage"), "coverage: must begin with '# SystemC::Coverage', got '{}'",
                  engine::excerpt(line));
  std::map<std::string, bool> reached;
  while (std::getline(lines, line)) {
    if (!line.starts_with("C '")) continue;
    const std::size_t end = line.rfind("' ");
    std::int64_t count = 0;
    const char* const last = line.data() + line.size();
    engine::require(end != std::string::npos && std::from_chars(line.data() + end + 2, last, count).ptr == last,
                    "coverage: an item must end with its count, got '{}'", line.substr(0, 80));
    for (const std::string& place : places(line)) reached[place] |= count > 0;
    engine::require(reached.size() <= kMostLines, "coverage: must be of at most {} lines", kMostLines);
  }
  Coverage coverage;
  for (const auto& [place, is_reached] : reached) {
    ++coverage.lines;
    if (is_reached) {
      ++coverage.reached;
    } else {
      coverage.missed.push_back(place);
    }
  }
  return coverage;
}

void merge(const std::optional<Coverage>& more, std::optional<Coverage>& all) {
  if (!more) return;
  if (!all) {
    all = more;
    return;
  }
  std::erase_if(all->missed, [&](const std::string& line) {
    return std::find(more->missed.begin(), more->missed.end(), line) == more->missed.end();
  });
  all->reached = all->lines - static_cast<std::int64_t>(all->missed.size());
}

}  // namespace ingot::hw
