// The labels of a corpus. They are numbered as they come, and renumbered in order at the end.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
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

  // Returns the names in order, and gives `examples` the numbers of that order. Numbers are ordered by value, booleans
  // false first, other labels by their bytes. If all labels are numbers, 1.0 and +1 become 1. If all are spellings of
  // booleans (one pair of words in any case, 0 and 1), the spellings of a value become one label, the pair's word in
  // lower case. Throws Error
  // - if all are numbers but some is not whole: that is regression, not classes;
  // - for NaN, None and the like among numbers or among true and false: the label is missing;
  // - for two words for one boolean, such as true and yes.
  std::vector<std::string> finish(std::vector<Example>& examples);

  // After finish(): the number of a label in another part of the corpus; -1 if it is unknown. Another spelling of a
  // boolean is accepted, and another case if it fits one name only.
  std::int32_t find(const std::string& label) const;

  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Found {
    std::int32_t number;
    std::string file;
    std::size_t line;
  };
  void check_missing(const std::vector<std::string>& met) const;
  void check_whole(const std::vector<std::string>& met) const;
  void check_words(const std::vector<std::string>& met) const;
  std::vector<std::string> boolean_names(const std::vector<std::string>& met);
  std::vector<std::string> other_names(const std::vector<std::string>& met);

  std::unordered_map<std::string, Found> found_;
  // Once finished:
  std::unordered_map<std::string, std::int32_t> numbers_;     // by name
  std::unordered_map<std::string, std::int32_t> lower_case_;  // by name in lower case; -1: of several
  std::optional<std::size_t> pair_;                           // if all are booleans
  std::array<std::int32_t, 2> booleans_{-1, -1};              // of false and true
  bool numeric_ = false;
  std::vector<std::string> notes_;
};

}  // namespace ingot::data
