#include "pipeline/searches/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/named.h"

namespace ingot::pipeline {

using engine::require;
using search::Duplicates;
using search::TpeModel;
using search::TpeRules;

namespace {

template <class Value>
Value word(const char* option, const std::string& text, const std::map<std::string, Value>& words) {
  return engine::with_subject(
      option, [&]() -> Value { return engine::row_named(words, text, "must be one of {}, got '{}'").second; });
}

TpeModel model_of(const SearchOptions& o) {
  require(o.univariate + o.multivariate + o.group <= 1,
          "--univariate, --multivariate, --group: at most one of them can be given");
  if (o.univariate) return TpeModel::univariate;
  if (o.multivariate) return TpeModel::multivariate;
  return o.group ? TpeModel::group : TpeModel::by_rules;
}

}  // namespace

search::StudyOptions study_options(const SearchOptions& o, std::uint64_t seed) {
  search::StudyOptions options;
  options.sampler = o.sampler;
  options.sampling = {
      .seed = seed,
      .rules = word<TpeRules>("--rules", o.rules, {{"optuna4", TpeRules::optuna4}, {"optuna5", TpeRules::optuna5}}),
      .model = model_of(o),
      .startup_trials = o.startup >= 0 ? o.startup : std::min(10, (o.trials + 2) / 3),
      .candidates = o.candidates};
  options.duplicates = word<Duplicates>(
      "--duplicates", o.duplicates,
      {{"evaluate", Duplicates::evaluate}, {"cached", Duplicates::cached}, {"resample", Duplicates::resample}});
  options.storage = o.storage;
  return options;
}

search::Budget budget_of(const SearchOptions& o) {
  search::Budget budget{.trials = o.trials};
  if (o.seconds > 0) budget.seconds = o.seconds;
  return budget;
}

std::vector<std::string> items_of(const char* option, const std::string& list) {
  std::vector<std::string> items;
  int depth = 0;  // a format has commas of its own, in parentheses
  for (const char c : list + ",") {
    depth += (c == '(' || c == '[') - (c == ')' || c == ']');
    if (items.empty()) items.emplace_back();
    if (c != ',' || depth > 0) {
      if (c != ' ') items.back() += c;
      continue;
    }
    require(!items.back().empty(), "{}: must be a list such as a,b,c, got '{}'", option, list);
    require(std::find(items.begin(), items.end() - 1, items.back()) == items.end() - 1, "{}: names {} twice", option,
            items.back());
    items.emplace_back();
  }
  require(!items.empty() && items.back().empty(), "{}: a parenthesis is open in '{}'", option, list);
  items.pop_back();
  return items;
}

std::vector<std::int64_t> integers_of(const char* option, const std::string& list, std::int64_t least,
                                      std::int64_t most) {
  std::vector<std::int64_t> values;
  for (const std::string& item : items_of(option, list)) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), value);
    require(error == std::errc() && end == item.data() + item.size() && value >= least && value <= most,
            "{}: must be integers from {} to {}, such as 2,4,8, got '{}'", option, least, most, item);
    values.push_back(value);
  }
  require(std::is_sorted(values.begin(), values.end()), "{}: must ascend, got {}", option, list);
  return values;
}

}  // namespace ingot::pipeline
