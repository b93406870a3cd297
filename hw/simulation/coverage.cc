#include "hw/simulation/coverage.h"

#include <charconv>
#include <map>
#include <sstream>

#include "engine/base/error.h"

namespace ingot::hw {
namespace {

// The value of a key in "\1KEY\2VALUE\1KEY\2VALUE...".
std::string field(const std::string& item, const std::string& key) {
  const std::string mark = "\1" + key + "\2";
  const std::size_t at = item.find(mark);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + mark.size();
  return item.substr(begin, item.find_first_of("\1'", begin) - begin);
}

}  // namespace

// A line an item: C 'KEYS' COUNT. Instances of a module are items of their own: a line is reached if one of them is.
Coverage read_coverage(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  engine::require(std::getline(lines, line) && line.starts_with("# SystemC::Coverage"),
                  "coverage: must begin with '# SystemC::Coverage', got '{}'", line.substr(0, 40));
  std::map<std::string, std::int64_t> counts;
  while (std::getline(lines, line)) {
    if (!line.starts_with("C '")) continue;
    const std::size_t end = line.rfind("' ");
    std::int64_t count = 0;
    const char* const last = line.data() + line.size();
    engine::require(end != std::string::npos && std::from_chars(line.data() + end + 2, last, count).ptr == last,
                    "coverage: an item must end with its count, got '{}'", line.substr(0, 80));
    const std::string file = field(line, "f");
    counts[file.substr(file.rfind('/') + 1) + ":" + field(line, "l")] += count;
  }
  Coverage coverage;
  for (const auto& [place, count] : counts) {
    ++coverage.lines;
    if (count > 0) {
      ++coverage.reached;
    } else {
      coverage.missed.push_back(place);
    }
  }
  return coverage;
}

}  // namespace ingot::hw
