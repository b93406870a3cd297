// The labels of a corpus. They are numbered as they come, and renumbered in order at the end.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/source.h"

namespace ingot::data {

inline constexpr std::size_t kMostLabels = 10'000;

class LabelTable {
 public:
  // Meets a label; `file` and `line` are where. Throws Error for more than kMostLabels.
  void add(const std::string& label, const std::string& file, std::size_t line);

  // Whether numbers were met that are not whole: a quantity, not a class. Throws Error if they stand among labels that
  // are no numbers.
  bool is_quantity() const;

  // Returns the names in order. Numbers are ordered by value, booleans false first, other labels by their bytes. If all
  // labels are numbers, 1.0 and +1 become 1. If all are spellings of
  // booleans (one pair of words in any case, 0 and 1), the spellings of a value become one label, the pair's word in
  // lower case. Throws Error
  // - if all are numbers, and some are not whole;
  // - for NaN, None and the like among numbers or among true and false: the label is missing;
  // - for two words for one boolean, such as true and yes.
  std::vector<std::string> finish();

  // After finish(): the number of a label in that order; -1 if it is unknown. Another spelling of a boolean is
  // accepted, and another case if it fits one name only.
  std::int32_t find(const std::string& label) const;

  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Found {
    std::size_t number;  // in the order in which labels were met
    std::string file;
    std::size_t line;
  };
  void check_missing(const std::vector<std::string>& met) const;
  std::vector<std::string> met() const;
  void check_words(const std::vector<std::string>& met) const;
  std::vector<std::string> boolean_names(const std::vector<std::string>& met);
  std::vector<std::string> other_names(const std::vector<std::string>& met);

  std::unordered_map<std::string, Found> found_;
  std::optional<std::pair<std::string, Found>> real_;  // the first number that is not whole
  // Once finished:
  std::unordered_map<std::string, std::int32_t> numbers_;     // by name
  std::unordered_map<std::string, std::int32_t> lower_case_;  // by name in lower case; -1: of several
  std::optional<std::size_t> pair_;                           // if all are booleans
  std::array<std::int32_t, 2> booleans_{-1, -1};              // of false and true
  bool numeric_ = false;
  std::vector<std::string> notes_;
};

}  // namespace ingot::data
