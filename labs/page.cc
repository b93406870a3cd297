#include "labs/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "labs/lab.h"
#include "labs/report.h"
#include "pipeline/pages/fields.h"
#include "pipeline/pages/seeds.h"
#include "report/html.h"
#include "report/mean.h"

namespace ingot::labs {
namespace {

using engine::Json;
using pipeline::field;
using pipeline::number_of;
using pipeline::RunFolder;
using pipeline::text_of;

// The rows of a result.json that are done, as far as they are rows.
std::vector<const Json*> finished_rows(const Json& result) {
  std::vector<const Json*> rows;
  if (!result.contains("rows") || !result["rows"].is_array()) return rows;
  for (const Json& row : result["rows"]) {
    if (row.is_object() && !text_of(field(row, "name")).empty() && field(row, "accuracy").is_number())
      rows.push_back(&row);
  }
  return rows;
}

const Lab* lab_of(const RunFolder& folder) {
  const std::string name = text_of(field(folder.result, "lab"));
  const auto lab = std::find_if(kLabs.begin(), kLabs.end(), [&](const Lab& l) { return l.name == name; });
  return lab == kLabs.end() ? nullptr : &*lab;
}

constexpr const char* kWithErrors = " \u00b1 standard error";

report::Chart own_chart(const Lab& lab, const RunFolder& folder, std::span<const Json* const> finished,
                        std::string& left_out) {
  const Json options = folder.result.value("options", Json::object());
  const std::string data = options.is_object() ? text_of(field(options, "data")) : "";
  Results results;
  bool comparable = false;
  for (const Json* row : finished) {
    comparable = comparable || field(*row, "reference").is_number();
    const std::string name = text_of(field(*row, "name"));
    try {
      results.emplace(name, RowResult(*row, "row " + name));
    } catch (const engine::Error& damage) {
      left_out += fmt::format("not in the figure: {}\n", engine::printable(damage.what()));
    }
  }
  const std::vector<Row> rows = lab.rows({.recipe = recipe_for(data)});
  report::Chart chart = chart_of(lab, rows, results, comparable, left_out);
  if (folder.result.contains("seeds")) chart.y_label += kWithErrors;
  return chart;
}

// Every finished row by the size of its model. Rows of one kind have one colour.
report::Chart bytes_chart(std::span<const Json* const> finished) {
  report::Chart chart{.title = "accuracy against the size of the whole model",
                      .x_label = "bytes of the packed model",
                      .y_label = "test accuracy",
                      .log_x = true};
  for (const Json* row : finished) {
    if (!field(*row, "packed_bytes").is_number()) continue;
    const std::string series = text_of(field(*row, "series"));
    const std::string kind = series.empty() ? "others" : series.substr(0, series.rfind(", "));
    auto at = std::find_if(chart.series.begin(), chart.series.end(), [&](const auto& s) { return s.name == kind; });
    if (at == chart.series.end())
      at = chart.series.insert(at, {.name = kind, .points = {}, .group = kind, .is_cloud = true});
    at->points.push_back(
        {(*row)["packed_bytes"].get<double>(), (*row)["accuracy"].get<double>(), 0, text_of(field(*row, "title"))});
  }
  return chart;
}

// The mean of charts that differ in their seed. `left_out` gets a line for what not all of them have.
report::Chart mean_of(const std::vector<report::Chart>& charts, std::string& left_out) {
  report::Chart mean = charts[0];
  if (charts.size() == 1) return mean;
  std::size_t n_points = 0, n_left = 0;
  mean.series.clear();
  for (const report::Series& first : charts[0].series) {
    std::vector<report::Series> all;
    for (const report::Chart& chart : charts) {
      const auto same = std::find_if(chart.series.begin(), chart.series.end(),
                                     [&](const report::Series& s) { return s.name == first.name; });
      if (same != chart.series.end()) all.push_back(*same);
    }
    n_points += first.points.size();
    if (all.size() < charts.size()) continue;
    mean.series.push_back(report::mean_of(all, first.name));
    n_left += mean.series.back().points.size();
  }
  mean.y_label += kWithErrors;
  if (n_left < n_points)
    left_out += fmt::format("not in the figure: {} points that not every seed has\n", n_points - n_left);
  return mean;
}

std::string row_table(const RunFolder& folder, std::span<const Json* const> finished) {
  report::TextTable table{.headers = {"row", "accuracy", "validation", "reference", "bits", "bytes", "sparsity",
                                      "flips", "seed", "seconds"},
                          .rows = {}};
  for (const Json* row : finished) {
    table.rows.push_back(
        {text_of(field(*row, "title")), number_of(field(*row, "accuracy"), "{:.4f}"),
         number_of(field(*row, "validation_accuracy"), "{:.4f}"), number_of(field(*row, "reference"), "{:.4f}"),
         number_of(field(*row, "average_bits"), "{:.2f}"), number_of(field(*row, "packed_bytes"), "{:.0f}"),
         number_of(field(*row, "sparsity"), "{:.3f}"), number_of(field(*row, "flips"), "{:.4f}"),
         number_of(field(*row, "seed"), "{:.0f}"), number_of(field(*row, "seconds"), "{:.0f}")});
  }
  return report::folded(fmt::format("All {} rows", finished.size()), report::table(table, folder.name + ": rows"));
}

// Labs of hardware have designs in place of models.
std::string design_tables(const RunFolder& folder, const Lab& lab) {
  try {
    std::string markup;
    for (const report::TextTable& table : lab.tables(field(folder.result, "rows")))
      markup += report::table(table, fmt::format("{}: {}", folder.name, table.title));
    return markup;
  } catch (const engine::Error& damage) {
    return report::paragraph(folder.name + ": its designs cannot be shown: " + damage.what(), "warning");
  }
}

}  // namespace

std::vector<LabFigure> lab_figures(std::span<const RunFolder> folders, std::string& left_out) {
  const Lab* lab = lab_of(folders[0]);
  std::vector<report::Chart> own, bytes;
  for (const RunFolder& folder : folders) {
    const std::vector<const Json*> finished = finished_rows(folder.result);
    if (lab == nullptr || finished.empty()) return {};
    own.push_back(own_chart(*lab, folder, finished, left_out));
    bytes.push_back(bytes_chart(finished));
  }
  std::vector<LabFigure> figures{{"figure", mean_of(own, left_out)}};
  if (!bytes[0].series.empty()) figures.push_back({"bytes", mean_of(bytes, left_out)});
  return figures;
}

std::string lab_markup(std::span<const RunFolder> folders) {
  std::string markup;
  for (const RunFolder& folder : folders) {
    if (const Lab* lab = lab_of(folder); lab != nullptr && lab->tables != nullptr)
      markup += design_tables(folder, *lab);
  }
  for (const pipeline::SeedGroup& group : pipeline::seed_groups(folders)) {
    std::vector<RunFolder> repeated;
    for (const std::size_t i : group) repeated.push_back(folders[i]);
    std::string left_out, figures;
    for (LabFigure& figure : lab_figures(repeated, left_out)) {
      figure.chart.title =
          (group.size() == 1 ? repeated[0].name : pipeline::mean_name(folders, group)) + ": " + figure.chart.title;
      figures += report::figure(figure.chart,
                                fmt::format("lab-{}-{}", text_of(field(repeated[0].result, "lab")), figure.name));
    }
    if (figures.empty()) continue;
    markup += report::side_by_side(figures);
    std::istringstream lines(left_out);
    for (std::string line; std::getline(lines, line);) markup += report::paragraph(line, "soft");
    for (const RunFolder& folder : repeated) markup += row_table(folder, finished_rows(folder.result));
  }
  return markup;
}

}  // namespace ingot::labs
