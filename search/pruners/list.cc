#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/named.h"
#include "search/pruners/pruner.h"

namespace ingot::search {
namespace {

using engine::require;
using Values = std::span<const double>;

constexpr PrunerSetting kMedian[] = {{"percentile", 50, false},
                                     {"n_startup_trials", 5},
                                     {"n_warmup_steps", 0},
                                     {"interval_steps", 1},
                                     {"n_min_trials", 1}};
constexpr PrunerSetting kHalving[] = {
    {"min_resource", 0}, {"reduction_factor", 4}, {"min_early_stopping_rate", 0}, {"bootstrap_count", 0}};
constexpr PrunerSetting kHyperband[] = {{"min_resource", 1}, {"max_resource", 0}, {"reduction_factor", 3}};

std::int64_t whole(double value) { return static_cast<std::int64_t>(value); }

// One file, one row: add a pruner here.
constexpr PrunerKind kKinds[] = {
    {"none", "no trial ends early", {}, [](Values) { return std::unique_ptr<Pruner>(); }},
    {"median", "worse than the median of complete trials at the same step", kMedian,
     [](Values v) {
       return make_median({.percentile = v[0],
                           .startup_trials = static_cast<int>(v[1]),
                           .warmup_steps = whole(v[2]),
                           .interval = whole(v[3]),
                           .min_trials = static_cast<int>(v[4])});
     }},
    {"halving", "not among the best quarter at a rung of successive halving", kHalving,
     [](Values v) {
       return make_halving({.min_resource = whole(v[0]),
                            .reduction = whole(v[1]),
                            .early_stopping = whole(v[2]),
                            .bootstrap = whole(v[3])});
     }},
    {"hyperband", "successive halving in brackets of early and late first rungs", kHyperband,
     [](Values v) {
       return make_hyperband({.min_resource = whole(v[0]), .max_resource = whole(v[1]), .reduction = whole(v[2])});
     }},
};

// "name=value" into the value of the setting.
void read_setting(const PrunerKind& kind, std::string_view text, std::vector<double>& values) {
  const std::size_t equals = text.find('=');
  const std::string subject = fmt::format("pruner {}", kind.name);
  require(equals != text.npos, "{}: settings must be NAME=NUMBER, got '{}'", subject, text);
  const std::string name(text.substr(0, equals));
  const std::string_view number = text.substr(equals + 1);
  const PrunerSetting& setting = engine::with_subject(subject, [&]() -> const PrunerSetting& {
    return engine::row_named(kind.settings, name, "its settings are {}, got '{}'");
  });
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool is_number = error == std::errc() && end == number.data() + number.size() && value >= 0 && value <= 1e9;
  require(is_number && (!setting.is_integer || value == std::floor(value)),
          "{}: {} must be {} between 0 and 1000000000, got '{}'", subject, name,
          setting.is_integer ? "an integer" : "a number", number);
  values[static_cast<std::size_t>(&setting - kind.settings.data())] = value;
}

}  // namespace

std::span<const PrunerKind> pruner_kinds() { return kKinds; }

std::string notation(const PrunerKind& kind) {
  std::string text;
  for (const PrunerSetting& setting : kind.settings)
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", setting.name, setting.otherwise);
  return kind.settings.empty() ? kind.name : fmt::format("{}({})", kind.name, text);
}

std::unique_ptr<Pruner> make_pruner(const std::string& text) {
  const std::size_t open = text.find('(');
  const auto& kind = engine::row_named(kKinds, text.substr(0, open), "pruner: must be one of {}, got '{}'");
  std::vector<double> values;
  for (const PrunerSetting& setting : kind.settings) values.push_back(setting.otherwise);
  if (open != text.npos) {
    require(!kind.settings.empty(), "pruner {}: has no settings, got '{}'", kind.name, text);
    require(text.ends_with(")"), "pruner {}: settings must be in parentheses, as in '{}', got '{}'", kind.name,
            notation(kind), text);
    std::string_view rest = std::string_view(text).substr(open + 1, text.size() - open - 2);
    while (!rest.empty()) {
      rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
      const std::size_t comma = std::min(rest.find(','), rest.size());
      read_setting(kind, rest.substr(0, comma), values);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return kind.make(values);
}

}  // namespace ingot::search
