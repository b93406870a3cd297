#include "pipeline/pages/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "pipeline/pages/panel.h"
#include "pipeline/pages/seeds.h"
#include "report/html.h"
#include "report/mean.h"

namespace ingot::pipeline {
namespace {

// As many points as a chart can show of one line.
constexpr std::size_t kMostPoints = 1000;

struct Quantity {
  const char* name;   // in metrics.jsonl
  const char* title;  // in words
};

// In the order of the page. Other numbers of the lines are shown behind these, by their own names.
constexpr Quantity kQuantities[] = {
    {"loss", "Training loss"},
    {"validation_loss", "Validation loss"},
    {"validation_accuracy", "Validation accuracy"},
    {"validation_f1", "Validation F1"},
    {"learning_rate", "Learning rate"},
    {"gradient_norm", "Norm of the gradient"},
    {"tokens_per_second", "Tokens per second"},
};
constexpr const char* kNotShown[] = {"epoch", "score"};  // the first is the axis in other units, the second a copy

std::string title_of(const std::string& name) {
  const auto row = std::find_if(std::begin(kQuantities), std::end(kQuantities),
                                [&](const Quantity& quantity) { return quantity.name == name; });
  if (row != std::end(kQuantities)) return row->title;
  std::string words = name;
  std::replace(words.begin(), words.end(), '_', ' ');
  if (!words.empty() && words[0] >= 'a' && words[0] <= 'z') words[0] = static_cast<char>(words[0] - 'a' + 'A');
  return words;
}

std::optional<double> value_of(const MetricsLine& line, const std::string& name) {
  const auto value =
      std::find_if(line.values.begin(), line.values.end(), [&](const auto& v) { return v.first == name; });
  return value != line.values.end() ? std::optional(value->second) : std::nullopt;
}

// The points of a line; every nth and the last where there are too many.
std::vector<report::Point> points_of(const RunFolder& folder, const std::string& name, std::size_t& n_left_out) {
  std::vector<report::Point> all;
  for (const MetricsLine& line : folder.metrics) {
    if (const std::optional<double> value = value_of(line, name)) all.push_back({line.step, *value});
  }
  if (all.size() <= kMostPoints) return all;
  const std::size_t every = (all.size() + kMostPoints - 1) / kMostPoints;
  std::vector<report::Point> some;
  for (std::size_t i = 0; i < all.size(); i += every) some.push_back(all[i]);
  if ((all.size() - 1) % every != 0) some.push_back(all.back());
  n_left_out += all.size() - some.size();
  return some;
}

// The chart with the mean of each group of repetitions in place of their lines, as far as all of them go.
report::Chart with_means(report::Chart chart, std::span<const RunFolder> folders,
                         const std::vector<SeedGroup>& groups) {
  std::vector<report::Series> all;
  for (const SeedGroup& group : groups) {
    std::vector<report::Series> repeated;
    for (const std::size_t i : group) repeated.push_back(chart.series[i]);
    all.push_back(group.size() == 1 ? repeated[0] : report::mean_of(repeated, mean_name(folders, group)));
  }
  if (groups.size() < folders.size()) chart.title += "; one standard error to both sides of means";
  chart.series = std::move(all);
  return chart;
}

}  // namespace

std::vector<std::string> metric_names(std::span<const RunFolder> folders) {
  std::vector<std::string> found, names;
  for (const RunFolder& folder : folders) {
    for (const MetricsLine& line : folder.metrics) {
      for (const auto& [name, value] : line.values) {
        if (std::find(found.begin(), found.end(), name) == found.end()) found.push_back(name);
      }
    }
  }
  const auto take = [&](const std::string& name) {
    const auto at = std::find(found.begin(), found.end(), name);
    if (at != found.end()) names.push_back(name), found.erase(at);
  };
  for (const Quantity& quantity : kQuantities) take(quantity.name);
  for (const char* name : kNotShown) std::erase(found, name);
  names.insert(names.end(), found.begin(), found.end());
  return names;
}

std::vector<std::string> chief_metric_names(std::span<const RunFolder> folders) {
  std::vector<std::string> names{"loss"};
  const std::vector<std::string> all = metric_names(folders);
  // The score is a copy of the measure, or of what is to fall the negative.
  const auto is_copied = [](const MetricsLine& line, const std::string& name) {
    const std::optional<double> score = value_of(line, "score"), value = value_of(line, name);
    return score && value && std::abs(*score) == std::abs(*value);
  };
  for (const RunFolder& folder : folders) {
    for (const std::string& name : all) {
      const auto has_score = [&](const MetricsLine& line) { return value_of(line, "score").has_value(); };
      const auto is_chief = [&](const MetricsLine& line) { return !has_score(line) || is_copied(line, name); };
      if (std::none_of(folder.metrics.begin(), folder.metrics.end(), has_score)) break;
      if (!std::all_of(folder.metrics.begin(), folder.metrics.end(), is_chief)) continue;
      names.push_back(name);
      return names;
    }
  }
  return names;
}

report::Chart metric_chart(std::span<const RunFolder> folders, const std::string& name) {
  report::Chart chart{.title = fmt::format("{} over steps", title_of(name)),
                      .x_label = "step",
                      .y_label = title_of(name),
                      .series = {}};
  std::size_t n_left_out = 0;
  for (const RunFolder& folder : folders) {
    // Without points too: a run has one colour in all charts.
    chart.series.push_back({.name = folder.name, .points = points_of(folder, name, n_left_out), .group = folder.name});
  }
  if (n_left_out > 0)
    chart.title += fmt::format("; {} of the points are left out, evenly: metrics.jsonl has all", n_left_out);
  return chart;
}

std::string curves_markup(std::span<const RunFolder> folders) {
  std::string markup;
  for (const RunFolder& folder : folders) {
    if (folder.n_damaged > 0) {
      markup += report::paragraph(fmt::format("{}: {} of {} lines of metrics.jsonl cannot be read and are left out.",
                                              folder.name, folder.n_damaged, folder.n_damaged + folder.metrics.size()),
                                  "warning");
    }
  }
  std::string figures;
  const std::vector<SeedGroup> groups = seed_groups(folders);
  for (const std::string& name : metric_names(folders))
    figures += report::figure(with_means(metric_chart(folders, name), folders, groups), name);
  return figures.empty() ? markup : markup + report::side_by_side(figures);
}

}  // namespace ingot::pipeline
