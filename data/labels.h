// The labels of a corpus: numbered as they come, put in order at the end.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/source.h"

namespace ingot::data {

inline constexpr std::size_t kMostLabels = 10'000;

class LabelTable {
 public:
  // The number of a label for now; `file` and `line` are where it was met. Throws Error for more than kMostLabels.
  std::int32_t add(const std::string& label, const std::string& file, std::size_t line);

  // The names, in the order of their numbers if all are whole numbers, else of their bytes; `examples` get the numbers
  // of that order. Numbers such as 1.0 become 1 if all labels are numbers. Throws Error if all are numbers but some is
  // not whole: that is regression, not classes.
  std::vector<std::string> finish(std::vector<Example>& examples);

  // After that: the number of a label, or -1.
  std::int32_t find(const std::string& label) const;

  std::vector<std::string> notes() const;

 private:
  struct Found {
    std::int32_t number;
    std::string file;
    std::size_t line;
  };
  void check_whole() const;

  std::unordered_map<std::string, Found> found_;
  std::unordered_map<std::string, std::int32_t> numbers_;  // by name, once finished
  bool numeric_ = false, rewritten_ = false;
};

}  // namespace ingot::data
