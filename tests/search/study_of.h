// Studies that tests run.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "search/problems.h"
#include "search/study.h"

namespace ingot::test {

// What a trial tried and what came of it, as one line.
inline std::string line(const search::TrialRecord& t) {
  std::string text = std::to_string(t.number) + ' ' + search::name(t.state);
  for (const auto& [name, p] : t.parameters) text += ' ' + name + '=' + search::to_string(*p.distribution, p.value);
  for (const double v : t.values) text += " -> " + std::to_string(v);
  return text;
}

inline std::vector<std::string> lines(search::Study& study) {
  std::vector<std::string> all;
  for (const search::TrialRecord& t : study.trials()) all.push_back(line(t));
  return all;
}

// Every kind of parameter, some of them depending on others.
inline std::vector<double> every_kind(search::Trial& trial) {
  double value = trial.suggest_float("real", -2, 3);
  value += trial.suggest_float("step", 0, 1, {.step = 0.1}) *
           static_cast<double>(trial.suggest_int("bits", 1, 64, {.log = true}));
  value += std::abs(std::log(trial.suggest_float("rate", 1e-5, 1e-1, {.log = true})) + 6);
  value += static_cast<double>(trial.suggest_int("even", -4, 4, {.step = 2}));
  value += trial.suggest_ordinal<int>("width", {8, 16, 32});
  const std::string kind = trial.suggest_categorical<std::string>("kind", {"fixed", "float", "log"});
  if (kind == "fixed") value += static_cast<double>(trial.suggest_int("frac", 0, 8));
  if (kind == "float") value += trial.suggest_categorical<bool>("denormals", {false, true}) ? 1 : 2;
  return {value};
}

inline search::Objective objective(const std::string& problem, search::Lists lists = search::Lists::categorical) {
  const auto value = search::find_problem(problem).value;
  return [value, lists](search::Trial& trial) { return std::vector{value(trial, lists)}; };
}

}  // namespace ingot::test
