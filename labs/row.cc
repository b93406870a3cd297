#include "labs/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "engine/io/json.h"

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
    const std::optional<double> score = validation_accuracy(found->second.at("result"));
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

double accuracy(const engine::Json& row_result) { return row_result.at("result").at("accuracy").get<double>(); }

bool is_result(const Row& row, const engine::Json& result) {
  if (!result.is_object()) return false;
  return row.assemble != nullptr || (result.contains("accuracy") && result["accuracy"].is_number());
}

std::optional<double> validation_accuracy(const engine::Json& result) {
  const auto found = result.find("validation_accuracy");
  return found != result.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

Verdict judge(const Asked& asked, const Row& row, std::span<const Row> rows, const Results& results) {
  const auto own = results.find(row.name);
  const bool done = own != results.end();
  if (asked.at_most_bytes != 0) {
    Verdict verdict{fmt::format("<= {} bytes", asked.at_most_bytes), {}};
    const engine::Json bytes = done ? own->second.at("result").value("packed_bytes", engine::Json()) : engine::Json();
    if (bytes.is_number()) verdict.met = bytes.get<std::int64_t>() <= asked.at_most_bytes;
    return verdict;
  }
  if (asked.below_bits != 0) {
    Verdict verdict{fmt::format("< {} bits", asked.below_bits), {}};
    const engine::Json bits = done ? own->second.at("result").value("average_bits", engine::Json()) : engine::Json();
    if (bits.is_number()) verdict.met = bits.get<double>() < asked.below_bits;
    return verdict;
  }
  constexpr double kRounding = 1e-9;  // of differences of fractions of the same test set
  if (asked.than.empty()) {
    Verdict verdict{fmt::format(">= {:.4f}", asked.accuracy), {}};
    if (done) verdict.met = accuracy(own->second) >= asked.accuracy - kRounding;
    return verdict;
  }
  const std::string rule =
      fmt::format("{} {} {:.3f}", asked.than, asked.accuracy < 0 ? "-" : "+", std::abs(asked.accuracy));
  const Row* other = resolve(asked.than, rows, results);
  if (other == nullptr) return {">= " + rule, {}};
  const double bound = accuracy(results.at(other->name)) + asked.accuracy;
  Verdict verdict{fmt::format(">= {:.4f} ({})", bound, rule), {}};
  if (done) verdict.met = accuracy(own->second) >= bound - kRounding;
  return verdict;
}

}  // namespace ingot::labs
