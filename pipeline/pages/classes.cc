#include <fmt/format.h>

#include <algorithm>

#include "pipeline/pages/panel.h"
#include "report/html.h"
#include "report/shortened.h"

namespace ingot::pipeline {
namespace {

using engine::Json;

constexpr std::size_t kMostInMatrix = 30;

std::string share(const Json& value) { return value.is_number() ? fmt::format("{:.4f}", value.get<double>()) : "-"; }

// A label, or a count.
std::string shown(const Json& row, const char* name) {
  if (!row.contains(name)) return {};
  return row[name].is_string() ? row[name].get<std::string>() : row[name].dump();
}

std::string score_table(const RunFolder& folder) {
  report::TextTable table{.headers = {"class", "precision", "recall", "F1", "texts", "predicted"}, .rows = {}};
  for (const Json& row : folder.result["classes"]) {
    if (!row.is_object()) return {};
    table.rows.push_back({shown(row, "label"), share(row.value("precision", Json())),
                          share(row.value("recall", Json())), share(row.value("f1", Json())), shown(row, "support"),
                          shown(row, "predicted")});
  }
  return report::table(table, folder.name + ": scores of each class");
}

bool is_matrix(const Json& matrix, std::size_t n) {
  return matrix.is_array() && matrix.size() == n && std::all_of(matrix.begin(), matrix.end(), [&](const Json& row) {
           return row.is_array() && row.size() == n &&
                  std::all_of(row.begin(), row.end(), [](const Json& cell) { return cell.is_number(); });
         });
}

// A row a true class, a column a predicted one; shades are shares of the row.
std::string matrix_svg(const Json& matrix, const std::vector<std::string>& labels) {
  const double cell = labels.size() <= 6 ? 64 : 30, left = 170, top = 120;
  const auto n = static_cast<double>(labels.size());
  std::string body;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double at = static_cast<double>(i) * cell;
    const std::string label = report::escaped(report::shortened(labels[i], 20));
    body += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", left - 6,
                        top + at + cell / 2 + 4, label);
    body += fmt::format("<text transform=\"translate({:.1f} {:.1f}) rotate(-45)\">{}</text>\n", left + at + cell / 2,
                        top - 8, label);
    double total = 0;
    for (const Json& count : matrix[i]) total += count.get<double>();
    for (std::size_t k = 0; k < labels.size(); ++k) {
      const double count = matrix[i][k].get<double>();
      if (count == 0) continue;
      const double x = left + static_cast<double>(k) * cell, y = top + at;
      body += fmt::format(
          "<rect class=\"f{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" fill-opacity=\"{:.3f}\"><title>{}: "
          "{:.0f}</title></rect>\n",
          i == k ? 0 : 1, x + 1, y + 1, cell - 2, cell - 2, 0.08 + 0.6 * count / total,
          report::escaped(labels[i] + " taken for " + labels[k]), count);
      body += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" font-size=\"{}\">{:.0f}</text>\n",
                          x + cell / 2, y + cell / 2 + 4, cell > 40 ? 13 : 9, count);
    }
  }
  return report::scrolling("Confusion matrix",
                           report::drawing(left + n * cell + 60, top + n * cell + 10, "Confusion matrix", body));
}

std::string matrix_csv(const Json& matrix, const std::vector<std::string>& labels) {
  std::string csv = "truth,prediction,texts\n";
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (std::size_t k = 0; k < labels.size(); ++k)
      csv += fmt::format("{},{},{:.0f}\n", report::csv_field(labels[i]), report::csv_field(labels[k]),
                         matrix[i][k].get<double>());
  }
  return csv;
}

std::string confusion(const RunFolder& folder) {
  std::vector<std::string> labels;
  for (const Json& row : folder.result["classes"]) labels.push_back(shown(row, "label"));
  if (!folder.result.contains("confusion") || !is_matrix(folder.result["confusion"], labels.size())) return {};
  const Json& matrix = folder.result["confusion"];
  const std::string csv = matrix_csv(matrix, labels);
  const std::string caption = fmt::format(
      "{}: texts of each class (rows) by the class that was predicted (columns); blue is right, "
      "orange is wrong, stronger is a larger share of the row.",
      folder.name);
  if (labels.size() > kMostInMatrix) {
    return report::figure(
        "", fmt::format("{}: the confusion matrix of {} classes is too large to draw.", folder.name, labels.size()),
        "confusion", csv);
  }
  return report::figure(matrix_svg(matrix, labels), caption, "confusion", csv);
}

}  // namespace

std::string classes_markup(std::span<const RunFolder> folders) {
  std::string markup;
  for (const RunFolder& folder : folders) {
    if (!folder.result.contains("classes") || !folder.result["classes"].is_array() || folder.result["classes"].empty())
      continue;
    // Several large matrices would bury what follows.
    const std::string matrix = confusion(folder);
    markup += markup.empty() || matrix.empty() ? matrix : report::folded(folder.name + ": confusion", matrix);
    markup += report::folded(fmt::format("Scores of {} classes", folder.result["classes"].size()), score_table(folder));
  }
  return markup;
}

}  // namespace ingot::pipeline
