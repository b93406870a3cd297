#include "search/history/distribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/io/json.h"
#include "search/history/json.h"

namespace ingot::search {
namespace {

using engine::require;
using Kind = Distribution::Kind;

constexpr double kGridTolerance = 1e-8;  // in steps: decimal steps such as 0.05 are not exact in binary
constexpr std::int64_t kLargest = std::int64_t{1} << 53;

bool on_grid(double distance, double step) {
  const double steps = distance / step;
  return std::abs(steps - std::round(steps)) < kGridTolerance;
}

Distribution checked(Distribution d) {
  const std::string text = to_string(d);
  require(std::isfinite(d.low) && std::isfinite(d.high) && d.low <= d.high,
          "distribution {}: the low end must be at most the high end", text);
  require(std::isfinite(d.high - d.low), "distribution {}: the range must be finite", text);
  require(!d.log || d.low > 0, "distribution {}: a logarithmic range must start above 0, starts at {}", text, d.low);
  require(d.step >= 0 && std::isfinite(d.step), "distribution {}: the step must be positive, got {}", text, d.step);
  require(!d.log || d.step == 0 || (d.kind == Kind::integer && d.step == 1),
          "distribution {}: a logarithmic range has no step, got {}", text, d.step);
  require(d.step == 0 || on_grid(d.high - d.low, d.step),
          "distribution {}: the range must be a multiple of the step {}, is {}", text, d.step, d.high - d.low);
  return d;
}

Distribution checked_integer(std::int64_t low, std::int64_t high, std::int64_t step, bool log) {
  require(low >= -kLargest && high <= kLargest, "distribution integer [{}, {}]: must lie within +-2^53", low, high);
  require(step >= 1, "distribution integer [{}, {}]: the step must be at least 1, got {}", low, high, step);
  return checked({.kind = Kind::integer,
                  .low = static_cast<double>(low),
                  .high = static_cast<double>(high),
                  .step = static_cast<double>(step),
                  .log = log});
}

Distribution list(Kind kind, std::vector<Choice> choices) {
  require(!choices.empty(), "distribution: a list needs at least one item");
  std::unordered_set<Choice> seen;
  for (const Choice& item : choices) {
    require(seen.insert(item).second, "distribution: a list holds {} twice", to_string(item));
  }
  return {.kind = kind,
          .low = 0,
          .high = static_cast<double>(choices.size() - 1),
          .step = 1,
          .choices = std::move(choices)};
}

}  // namespace

Distribution Distribution::real(double low, double high, double step) {
  return checked({.kind = Kind::real, .low = low, .high = high, .step = step});
}

Distribution Distribution::log_real(double low, double high) {
  return checked({.kind = Kind::real, .low = low, .high = high, .log = true});
}

Distribution Distribution::integer(std::int64_t low, std::int64_t high, std::int64_t step) {
  return checked_integer(low, high, step, false);
}

Distribution Distribution::log_integer(std::int64_t low, std::int64_t high) {
  return checked_integer(low, high, 1, true);
}

Distribution Distribution::categorical(std::vector<Choice> choices) {
  return list(Kind::categorical, std::move(choices));
}

Distribution Distribution::ordinal(std::vector<Choice> choices) { return list(Kind::integer, std::move(choices)); }

bool Distribution::is_single() const { return low == high; }

bool Distribution::contains(double value) const {
  return value >= low && value <= high && (step == 0 || on_grid(value - low, step));
}

double Distribution::n_values() const {
  if (is_single()) return 1;
  return step == 0 ? std::numeric_limits<double>::infinity() : std::round((high - low) / step) + 1;
}

bool Distribution::operator==(const Distribution& other) const {
  return kind == other.kind && low == other.low && high == other.high && step == other.step && log == other.log &&
         (kind != Kind::categorical || choices == other.choices);
}

bool compatible(const Distribution& a, const Distribution& b) {
  return a.kind == b.kind && a.log == b.log && (a.kind != Kind::categorical || a.choices == b.choices);
}

std::string to_string(const Choice& choice) { return to_json(choice).dump({.ascii = true}); }

std::string to_string(const Distribution& d) {
  if (!d.choices.empty()) {
    constexpr std::size_t kShown = 32;
    std::string items;
    for (std::size_t i = 0; i < std::min(kShown, d.choices.size()); ++i) {
      items += (i == 0 ? "" : ", ") + to_string(d.choices[i]);
    }
    if (d.choices.size() > kShown) items += fmt::format(", ... {} in all", d.choices.size());
    return fmt::format("{} {{{}}}", d.kind == Kind::categorical ? "categorical" : "ordinal", items);
  }
  std::string text = fmt::format("{} [{}, {}]", d.kind == Kind::integer ? "integer" : "real", d.low, d.high);
  if (d.step != (d.kind == Kind::integer ? 1 : 0)) text += fmt::format(" step {}", d.step);
  return d.log ? text + " log" : text;
}

std::string to_string(const Distribution& distribution, double value) {
  const std::vector<Choice>& choices = distribution.choices;
  const bool is_index = value >= 0 && value < static_cast<double>(choices.size());
  return is_index ? to_string(choices[static_cast<std::size_t>(value)]) : fmt::format("{}", value);
}

std::size_t hash_of(const Distribution& d) {
  std::size_t all = static_cast<std::size_t>(d.kind) + (d.log ? 3 : 0);
  const auto add = [&all](std::size_t part) { all = (all ^ part) * 0x9e3779b97f4a7c15u; };
  for (const double number : {d.low, d.high, d.step}) add(std::hash<double>()(number));
  for (const Choice& choice : d.choices) add(std::hash<Choice>()(choice));
  return all ^ all >> 32;
}

std::string to_optuna(const Distribution& d) {
  engine::Json attributes;
  const char* name = "CategoricalDistribution";
  if (!d.choices.empty()) {
    attributes["choices"] = engine::Json::array();
    for (const Choice& choice : d.choices) attributes["choices"].push_back(to_json(choice));
  } else if (d.kind == Kind::integer) {
    name = "IntDistribution";
    attributes = {{"log", d.log},
                  {"step", static_cast<std::int64_t>(d.step)},
                  {"low", static_cast<std::int64_t>(d.low)},
                  {"high", static_cast<std::int64_t>(d.high)}};
  } else {
    name = "FloatDistribution";
    attributes = {{"step", nullptr}, {"low", d.low}, {"high", d.high}, {"log", d.log}};
    if (d.step != 0) attributes["step"] = d.step;
  }
  return engine::Json{{"name", name}, {"attributes", attributes}}.dump({.ascii = true});
}

Distribution from_optuna(std::string_view text) {
  constexpr std::size_t kShown = 200;
  const engine::Json json = parse_python_json(text, "distribution");
  const std::string shown = engine::printable(text, kShown);
  const auto found = [&](const engine::Json& object, const char* key) -> const engine::Json& {
    require(object.is_object() && object.contains(key), "distribution: has no {}: {}", key, shown);
    return object[key];
  };
  const engine::Json &name = found(json, "name"), &attributes = found(json, "attributes");
  const auto number = [&](const char* key) {
    const engine::Json& value = found(attributes, key);
    require(value.is_number(), "distribution: {} must be a number: {}", key, shown);
    return value.get<double>();
  };
  const auto integer = [&](const char* key) {
    const double value = number(key);
    require(std::abs(value) <= static_cast<double>(kLargest) && value == std::round(value),
            "distribution: {} must be an integer within +-2^53: {}", key, shown);
    return static_cast<std::int64_t>(value);
  };
  const auto is_log = [&] { return found(attributes, "log") == engine::Json(true); };
  if (name == "CategoricalDistribution") {
    std::vector<Choice> choices;
    require(found(attributes, "choices").is_array(), "distribution: choices must be a list: {}", shown);
    for (const engine::Json& choice : attributes["choices"]) choices.push_back(to_choice(choice));
    return list(Kind::categorical, std::move(choices));
  }
  if (name == "IntDistribution") return checked_integer(integer("low"), integer("high"), integer("step"), is_log());
  require(name == "FloatDistribution", "distribution: is of no known kind: {}", shown);
  const double step = found(attributes, "step").is_null() ? 0 : number("step");
  return checked({.kind = Kind::real, .low = number("low"), .high = number("high"), .step = step, .log = is_log()});
}

}  // namespace ingot::search
