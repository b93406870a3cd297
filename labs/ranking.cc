#include "labs/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace ingot::labs {
namespace {

// Of a fraction of so many texts, when they are a sample of all texts.
double standard_error(double accuracy, std::int64_t n_texts) {
  return std::sqrt(accuracy * (1 - accuracy) / static_cast<double>(n_texts));
}

}  // namespace

std::string ranking_text(std::span<const ReportedRow> rows) {
  std::vector<std::string> names;
  std::map<std::string, std::vector<const ReportedRow*>> rankings;
  for (const ReportedRow& row : rows) {
    if (row.row.ranking.empty() || row.result == nullptr || !row.result->figures.accuracy) continue;
    if (!rankings.contains(row.row.ranking)) names.push_back(row.row.ranking);
    rankings[row.row.ranking].push_back(&row);
  }
  std::string text;
  for (const std::string& name : names) {
    std::vector<const ReportedRow*>& ranking = rankings[name];
    std::stable_sort(ranking.begin(), ranking.end(), [](const ReportedRow* a, const ReportedRow* b) {
      return *a->result->figures.accuracy > *b->result->figures.accuracy;
    });
    const RowFigures& best = ranking[0]->result->figures;
    text += fmt::format("ranking, {}", name);
    if (best.examples) {
      text += fmt::format(" (the standard error of an accuracy is {:.4f} from the number of test texts alone)",
                          standard_error(*best.accuracy, *best.examples));
    }
    const char* separator = ": ";
    for (const ReportedRow* row : ranking) {
      const RowFigures& figures = row->result->figures;
      text += fmt::format("{}{} {:.4f}", std::exchange(separator, ", "), row->row.ranked_as, *figures.accuracy);
      if (figures.flips && figures.output_noise)
        text += fmt::format(" ({:.1f}% flips, noise {:.3f})", 100 * *figures.flips, *figures.output_noise);
    }
    text += "\n";
  }
  return text;
}

std::string areas_text(std::span<const ReportedRow> rows) {
  std::map<std::string, std::vector<std::pair<double, std::string>>> areas;
  for (const ReportedRow& row : rows) {
    const RowFigures& figures = row.result == nullptr ? kNotMeasured : row.result->figures;
    if (row.row.choice.empty() || !figures.best_so_far) continue;
    double sum = 0;
    bool is_known = !figures.best_so_far->empty();
    for (const std::optional<double>& best : *figures.best_so_far) {
      is_known = is_known && best;
      sum += best.value_or(0);
    }
    if (is_known)
      areas[row.row.choice].emplace_back(sum / static_cast<double>(figures.best_so_far->size()), row.row.title);
  }
  std::string text;
  for (auto& [choice, of] : areas) {
    std::stable_sort(of.begin(), of.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    text += fmt::format("{}: area under the best so far, a mean over the trials", choice);
    const char* separator = ": ";
    for (const auto& [area, title] : of)
      text += fmt::format("{}{} {:.4f}", std::exchange(separator, ", "), title, area);
    text += "\n";
  }
  return text;
}

std::optional<report::Chart> flips_chart(std::span<const ReportedRow> rows) {
  report::Chart chart{.title = "Labels that flip where formats were not trained with",
                      .x_label = "bits of a parameter, at most",
                      .y_label = "flipped labels, % of the test texts",
                      .y_from_0 = true};
  for (const ReportedRow& row : rows) {
    if (row.result == nullptr || !row.row.x || !row.row.ranking.ends_with(", PTQ")) continue;
    const RowFigures& figures = row.result->figures;
    if (!figures.flips || !figures.examples) continue;
    auto at = std::find_if(chart.series.begin(), chart.series.end(),
                           [&](const report::Series& s) { return s.name == row.row.ranked_as; });
    if (at == chart.series.end())
      at = chart.series.insert(at, {.name = row.row.ranked_as, .points = {}, .group = row.row.ranked_as});
    at->points.push_back({*row.row.x, 100 * *figures.flips, 100 * standard_error(*figures.flips, *figures.examples)});
  }
  return chart.series.empty() ? std::nullopt : std::optional(std::move(chart));
}

}  // namespace ingot::labs
