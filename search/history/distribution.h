// What values a parameter may take: numbers of a range, or the items of a list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ingot::search {

// An item of a list: none, or a boolean, integer, number or text.
using Choice = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

std::string to_string(const Choice& choice);  // as JSON

// A value is held as a double: real and integer parameters as the number itself, never its logarithm; items of a list
// as their index.
struct Distribution {
  enum class Kind { real, integer, categorical };

  Kind kind = Kind::real;
  double low = 0;  // both ends belong to the range
  double high = 0;
  double step = 0;  // 0: every number of the range; else low, low + step, ... high
  bool log = false;
  std::vector<Choice> choices;  // of categorical; the labels 0, 1, ... of an ordinal integer

  // Each throws Error for an empty range, a range that is no multiple of the step, and a logarithm of what is not
  // positive. Integers lie within +-2^53.
  static Distribution real(double low, double high, double step = 0);
  static Distribution log_real(double low, double high);  // low > 0
  static Distribution integer(std::int64_t low, std::int64_t high, std::int64_t step = 1);
  static Distribution log_integer(std::int64_t low, std::int64_t high);  // low >= 1
  static Distribution categorical(std::vector<Choice> choices);
  // A list in order, such as widths: sampled as the integer 0 ... size - 1, so that neighbours count as near.
  static Distribution ordinal(std::vector<Choice> choices);

  bool is_single() const;
  bool contains(double value) const;  // within range and on the grid of the step
  double n_values() const;            // infinite for a continuous range

  // Labels do not count: an ordinal equals the integers that index it.
  bool operator==(const Distribution& other) const;
};

// Whether one parameter may have both distributions in one study. They must be of the same kind: numbers both
// logarithmic or both not, categorical lists with the same items. Ranges of numbers may differ.
bool compatible(const Distribution& a, const Distribution& b);

// As a message shows it: integer [4, 512] log. Of a long list the first items, and how many there are.
std::string to_string(const Distribution& distribution);
std::string to_string(const Distribution& distribution, double value);

// Hash for tables: the same for equal distributions with equal labels.
std::size_t hash_of(const Distribution& distribution);

// The text with which Optuna writes a distribution into its journals, and back. Optuna knows no order of items: an
// ordinal is written as the categorical list of its labels, and as integers if it has none.
std::string to_optuna(const Distribution& distribution);
Distribution from_optuna(std::string_view text);  // throws Error

}  // namespace ingot::search
