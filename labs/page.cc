#include "labs/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "labs/lab.h"
#include "labs/report.h"
#include "pipeline/pages/fields.h"
#include "report/html.h"

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

std::string own_chart(const Lab& lab, const RunFolder& folder, std::span<const Json* const> finished,
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
  chart.title = folder.name + ": " + chart.title;
  return report::figure(chart, "lab-" + std::string(lab.name));
}

// Every finished row by the size of its model. Rows of one kind have one colour.
std::string bytes_chart(const RunFolder& folder, std::span<const Json* const> finished) {
  report::Chart chart{.title = folder.name + ": accuracy against the size of the whole model",
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
  return chart.series.empty() ? "" : report::figure(chart, "bytes");
}

std::string row_table(const RunFolder& folder, std::span<const Json* const> finished) {
  report::TextTable table{
      .headers = {"row", "accuracy", "validation", "reference", "bits", "bytes", "sparsity", "seed", "seconds"},
      .rows = {}};
  for (const Json* row : finished) {
    table.rows.push_back(
        {text_of(field(*row, "title")), number_of(field(*row, "accuracy"), "{:.4f}"),
         number_of(field(*row, "validation_accuracy"), "{:.4f}"), number_of(field(*row, "reference"), "{:.4f}"),
         number_of(field(*row, "average_bits"), "{:.2f}"), number_of(field(*row, "packed_bytes"), "{:.0f}"),
         number_of(field(*row, "sparsity"), "{:.3f}"), number_of(field(*row, "seed"), "{:.0f}"),
         number_of(field(*row, "seconds"), "{:.0f}")});
  }
  return report::folded(fmt::format("All {} rows", finished.size()), report::table(table, folder.name + ": rows"));
}

}  // namespace

std::string lab_markup(std::span<const RunFolder> folders) {
  std::string markup;
  for (const RunFolder& folder : folders) {
    const Lab* lab = lab_of(folder);
    const std::vector<const Json*> finished = finished_rows(folder.result);
    if (lab == nullptr || finished.empty()) continue;
    std::string left_out;
    const std::string own = own_chart(*lab, folder, finished, left_out);
    markup += report::side_by_side(own + bytes_chart(folder, finished));
    std::istringstream lines(left_out);
    for (std::string line; std::getline(lines, line);) markup += report::paragraph(line, "soft");
    markup += row_table(folder, finished);
  }
  return markup;
}

}  // namespace ingot::labs
