#include "pipeline/searches/trial_table.h"

#include <algorithm>
#include <set>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/io/json.h"
#include "engine/io/saved.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
namespace {

using engine::Json;
using engine::require;
using engine::Saved;
using search::Choice;

Choice choice_of(const Json& value, const std::string& subject) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return engine::checked<std::int64_t>(value, subject);
  if (value.is_number()) return value.get<double>();
  return engine::checked<std::string>(value, subject);
}

bool has_order(const std::vector<Choice>& items) {
  return std::none_of(items.begin(), items.end(), [](const Choice& item) {
    return std::holds_alternative<std::string>(item) || std::holds_alternative<bool>(item);
  });
}

}  // namespace

TrialTable::TrialTable(const fs::path& place) {
  const fs::path file = fs::is_directory(place) ? place / "result.json" : place;
  const std::string name = engine::printable(file.string());
  const Json json = engine::parse_json(engine::read_file(file), name);
  const Saved result(json, name);
  const Json& trials = result.at("trials");
  require(trials.is_array(), "{}: trials must be an array, got {}", name, engine::shown(trials));
  std::map<std::string, std::set<Choice>> items;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const std::string subject = name + ": trial " + std::to_string(i);
    const Saved trial(trials[i], subject);
    if (trial.get<std::string>("state") != "complete") continue;
    const Json& parameters = trial.at("parameters");
    require(parameters.is_object() && !parameters.empty(), "{}: has no parameters", subject);
    std::vector<Choice> values;
    for (const auto& [parameter, value] : parameters.items()) {
      require(rows_.empty() || items.contains(parameter), "{}: has a parameter {} that earlier trials have not",
              subject, engine::printable(parameter, 60));
      values.push_back(choice_of(value, subject + ": " + engine::printable(parameter, 60)));
      items[parameter].insert(values.back());
    }
    require(values.size() == items.size(), "{}: has {} parameters, and others have {}", subject, values.size(),
            items.size());
    Row row{.accuracy = Saved(trial.at("values"), subject + ": values").get<double>("accuracy"), .reports = {}};
    if (trial.has("reports")) {
      for (const auto& report : trial.get<std::vector<std::vector<double>>>("reports")) {
        require(report.size() == 2 && report[0] >= 1, "{}: a report must be a step of at least 1 and a value", subject);
        row.reports[static_cast<std::int64_t>(report[0])] = report[1];
      }
    }
    best_ = rows_.empty() ? row.accuracy : std::max(best_, row.accuracy);
    rows_.emplace(std::move(values), std::move(row));  // of equal configurations the first
  }
  require(rows_.size() >= 2, "{}: must have two complete trials or more, has {}", name, rows_.size());
  for (const auto& [parameter, values] : items)
    axes_.emplace_back(parameter, std::vector<Choice>(values.begin(), values.end()));
}

double TrialTable::look_up(search::Trial& trial, search::Lists lists, double& spent) const {
  std::vector<Choice> values;
  for (const auto& [name, items] : axes_) {
    const bool is_ordinal = lists == search::Lists::ordinal && has_order(items);
    const search::Distribution list =
        is_ordinal ? search::Distribution::ordinal(items) : search::Distribution::categorical(items);
    values.push_back(items[static_cast<std::size_t>(trial.suggest(name, list))]);
  }
  const auto row = rows_.find(values);
  trial.settle(row == rows_.end() ? std::vector<double>{1} : std::vector<double>{});
  const auto& reports = row->second.reports;
  for (const auto& [step, value] : reports) {
    trial.report(value, step);
    if (!trial.should_prune()) continue;
    // Reports come at even distances, and the end is one more.
    spent += static_cast<double>(step) / static_cast<double>(reports.rbegin()->first + reports.begin()->first);
    throw search::Pruned{};
  }
  spent += 1;
  return row->second.accuracy;
}

}  // namespace ingot::pipeline
