#include "labs/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace ingot::labs {

std::vector<std::string> stand_ins(const std::string& command) {
  std::vector<std::string> found;
  for (std::size_t open = command.find('{'); open != std::string::npos; open = command.find('{', open + 1)) {
    found.push_back(command.substr(open + 1, command.find('}', open) - open - 1));
  }
  return found;
}

std::string named_by(const std::string& stand_in) {
  constexpr std::string_view kValue = ".value";
  return stand_in.substr(0, stand_in.size() - (stand_in.ends_with(kValue) ? kValue.size() : 0));
}

std::vector<std::string> needs(const Row& row, std::span<const Row> rows) {
  std::vector<std::string> names;
  for (const std::string& command : row.commands) {
    for (const std::string& stand_in : stand_ins(command)) {
      const std::string name = named_by(stand_in);
      for (const Row& other : rows) {
        const bool named = other.name == name || other.choice == name;
        if (named && std::find(names.begin(), names.end(), other.name) == names.end()) names.push_back(other.name);
      }
    }
  }
  return names;
}

const Row* resolve(const std::string& name, std::span<const Row> rows, const Results& results) {
  const Row* best = nullptr;
  double best_score = 0;
  for (const Row& row : rows) {
    if (row.name != name && row.choice != name) continue;
    const auto found = results.find(row.name);
    if (row.name == name) return found == results.end() ? nullptr : &row;
    if (found == results.end()) return nullptr;  // a candidate is missing
    const std::optional<double> score = found->second.figures.validation_accuracy;
    if (score && (best == nullptr || *score > best_score)) {
      best = &row;
      best_score = *score;
    }
  }
  return best;
}

std::vector<std::string> words_of(const std::string& command, const std::map<std::string, std::string>& values) {
  std::vector<std::string> words;
  std::istringstream text(command);
  for (std::string word; text >> word;) {
    std::string whole;
    std::size_t at = 0;
    for (const std::string& stand_in : stand_ins(word)) {
      const std::size_t open = word.find('{', at);
      whole += word.substr(at, open - at) + values.at(stand_in);
      at = open + stand_in.size() + 2;
    }
    words.push_back(whole + word.substr(at));
  }
  return words;
}

Verdict judge(const Asked& asked, const Row& row, std::span<const Row> rows, const Results& results) {
  const auto own = results.find(row.name);
  const RowFigures& measured = own == results.end() ? kNotMeasured : own->second.figures;
  if (asked.at_most_bytes != 0) {
    Verdict verdict{fmt::format("<= {} bytes", asked.at_most_bytes), {}};
    if (measured.packed_bytes) verdict.met = *measured.packed_bytes <= asked.at_most_bytes;
    return verdict;
  }
  if (asked.below_bits != 0) {
    Verdict verdict{fmt::format("< {} bits", asked.below_bits), {}};
    if (measured.average_bits) verdict.met = *measured.average_bits < asked.below_bits;
    return verdict;
  }
  constexpr double kRounding = 1e-9;  // of differences of fractions of the same test set
  if (asked.than.empty()) {
    Verdict verdict{fmt::format(">= {:.4f}", asked.accuracy), {}};
    if (measured.accuracy) verdict.met = *measured.accuracy >= asked.accuracy - kRounding;
    return verdict;
  }
  const std::string rule =
      fmt::format("{} {} {:.3f}", asked.than, asked.accuracy < 0 ? "-" : "+", std::abs(asked.accuracy));
  const Row* other = resolve(asked.than, rows, results);
  if (other == nullptr) return {">= " + rule, {}};
  const double bound = *results.at(other->name).figures.accuracy + asked.accuracy;
  Verdict verdict{fmt::format(">= {:.4f} ({})", bound, rule), {}};
  if (measured.accuracy) verdict.met = *measured.accuracy >= bound - kRounding;
  return verdict;
}

}  // namespace ingot::labs
