#include "report/class_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "engine/base/printable.h"
#include "engine/io/json.h"
#include "report/text_table.h"

namespace ingot::report {

using engine::Json;
using engine::printable;

namespace {

constexpr std::size_t kMostInMatrix = 100;               // classes, in JSON: its size is their square
constexpr std::size_t kMostRows = 12, kMostColumns = 8;  // classes, on a terminal
constexpr std::size_t kMostNamed = 5, kLabelBytes = 24;

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

std::string label_of(const ClassRow& row) { return printable(row.label, kLabelBytes); }

std::string share(const std::optional<double>& value) { return value ? fmt::format("{:.4f}", *value) : "-"; }

std::string table_of(const std::vector<ClassRow>& classes) {
  std::vector<const ClassRow*> rows;
  for (const ClassRow& row : classes) rows.push_back(&row);
  if (rows.size() > kMostRows) {
    // Without an F1 there were neither texts nor predictions: nothing to see.
    const auto f1 = [](const ClassRow* row) { return row->f1.value_or(2.0); };
    std::stable_sort(rows.begin(), rows.end(), [&](const ClassRow* a, const ClassRow* b) { return f1(a) < f1(b); });
    rows.resize(kMostRows);
  }
  TextTable table{.headers = {"class", "precision", "recall", "F1", "texts", "predicted"}, .rows = {}};
  for (const ClassRow* row : rows) {
    table.rows.push_back({label_of(*row), share(row->precision), share(row->recall), share(row->f1),
                          std::to_string(row->support), std::to_string(row->predicted)});
  }
  std::string text = table.aligned();
  if (classes.size() > rows.size())
    text += fmt::format("({} of {} classes, those with the lowest F1; --json and result.json have all)\n", rows.size(),
                        classes.size());
  return text;
}

std::string matrix_of(const ClassReport& report) {
  TextTable table{.headers = {"truth \\ predicted"}, .rows = {}};
  for (const ClassRow& row : report.classes) table.headers.push_back(label_of(row));
  for (std::size_t i = 0; i < report.classes.size(); ++i) {
    table.rows.push_back({label_of(report.classes[i])});
    for (const std::int64_t n : report.confusion[i]) table.rows.back().push_back(std::to_string(n));
  }
  return table.aligned();
}

// The pairs that are confused most often.
std::string confusions_of(const ClassReport& report) {
  std::vector<std::tuple<std::int64_t, std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0; i < report.confusion.size(); ++i) {
    for (std::size_t j = 0; j < report.confusion.size(); ++j) {
      const std::int64_t n = report.confusion[i][j];
      if (i != j && n > 0) pairs.emplace_back(-n, i, j);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  std::string text;
  for (std::size_t p = 0; p < std::min(kMostNamed, pairs.size()); ++p) {
    const auto [n, i, j] = pairs[p];
    text += fmt::format("{}{} taken for {} {} times", p == 0 ? "most often " : ", ", label_of(report.classes[i]),
                        label_of(report.classes[j]), -n);
  }
  return text.empty() ? "" : text + "\n";
}

std::string never_predicted(const std::vector<ClassRow>& classes) {
  std::vector<std::string> names;
  std::int64_t n_texts = 0, n_all = 0;
  for (const ClassRow& row : classes) {
    n_all += row.support;
    if (row.support == 0 || row.predicted != 0) continue;
    names.push_back(label_of(row));
    n_texts += row.support;
  }
  if (names.empty()) return "";
  const std::size_t n = names.size();
  names.resize(std::min(n, kMostNamed));
  const std::string more = n > names.size() ? fmt::format(" and {} more", n - names.size()) : "";
  return fmt::format(
      "note: never predicted, though {} of {} texts have it: {}{}; rare classes gain by training with --class-weights "
      "balanced and --best-by f1\n",
      n_texts, n_all, fmt::join(names, ", "), more);
}

}  // namespace

ClassReport class_report(const bert::ClassScores& scores, const std::vector<std::string>& labels) {
  ClassReport report;
  if (scores.classes.empty()) return report;
  const std::size_t n = labels.size();
  for (std::size_t i = 0; i < n; ++i) {
    const bert::ClassCounts& c = scores.classes[i];
    report.classes.push_back({labels[i], c.precision(), c.recall(), c.f1(), c.support, c.predicted});
  }
  if (n > kMostInMatrix || scores.confusion.empty()) return report;
  report.confusion.assign(n, std::vector<std::int64_t>(n));
  for (const auto& [pair, count] : scores.confusion)
    report.confusion[static_cast<std::size_t>(pair.first)][static_cast<std::size_t>(pair.second)] = count;
  return report;
}

Json as_json(const ClassReport& report) {
  Json result = Json::object();
  if (report.classes.empty()) return result;
  Json& classes = result["classes"] = Json::array();
  for (const ClassRow& row : report.classes) {
    classes.push_back({{"label", row.label},
                       {"precision", or_null(row.precision)},
                       {"recall", or_null(row.recall)},
                       {"f1", or_null(row.f1)},
                       {"support", row.support},
                       {"predicted", row.predicted}});
  }
  if (!report.confusion.empty()) result["confusion"] = report.confusion;
  return result;
}

ClassReport class_report_from_json(const engine::Saved& result) {
  ClassReport report;
  if (!result.has("classes")) return report;
  for (const engine::Saved& row : result.objects("classes")) {
    report.classes.push_back({row.get<std::string>("label"), row.find<double>("precision"), row.find<double>("recall"),
                              row.find<double>("f1"), row.get<std::int64_t>("support"),
                              row.get<std::int64_t>("predicted")});
  }
  if (!result.has("confusion")) return report;
  report.confusion = result.get<std::vector<std::vector<std::int64_t>>>("confusion");
  const std::size_t n = report.classes.size();
  const bool is_square = std::all_of(report.confusion.begin(), report.confusion.end(),
                                     [n](const std::vector<std::int64_t>& row) { return row.size() == n; });
  engine::require(report.confusion.size() == n && is_square, "{}: confusion must have {} rows and columns, one a class",
                  result.subject(), n);
  return report;
}

std::string to_text(const ClassReport& report) {
  if (report.classes.empty()) return "";
  std::string text = table_of(report.classes);
  if (report.confusion.empty()) {
    if (report.classes.size() > kMostInMatrix)
      text += fmt::format("(no confusion matrix: {} classes, more than {})\n", report.classes.size(), kMostInMatrix);
  } else {
    text += report.classes.size() <= kMostColumns ? matrix_of(report) : confusions_of(report);
  }
  return text + never_predicted(report.classes);
}

}  // namespace ingot::report
