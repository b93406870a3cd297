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

std::string label_of(const Json& row) { return printable(row["label"].get<std::string>(), kLabelBytes); }

std::string share(const Json& value) { return value.is_null() ? "-" : fmt::format("{:.4f}", value.get<double>()); }

std::string table_of(const Json& classes) {
  std::vector<const Json*> rows;
  for (const Json& row : classes) rows.push_back(&row);
  if (rows.size() > kMostRows) {
    // Without an F1 there were neither texts nor predictions: nothing to see.
    const auto f1 = [](const Json* row) { return (*row)["f1"].is_null() ? 2.0 : (*row)["f1"].get<double>(); };
    std::stable_sort(rows.begin(), rows.end(), [&](const Json* a, const Json* b) { return f1(a) < f1(b); });
    rows.resize(kMostRows);
  }
  TextTable table{.headers = {"class", "precision", "recall", "F1", "texts", "predicted"}, .rows = {}};
  for (const Json* row : rows) {
    table.rows.push_back({label_of(*row), share((*row)["precision"]), share((*row)["recall"]), share((*row)["f1"]),
                          (*row)["support"].dump(), (*row)["predicted"].dump()});
  }
  std::string text = table.aligned();
  if (classes.size() > rows.size())
    text += fmt::format("({} of {} classes, those with the lowest F1; --json and result.json have all)\n", rows.size(),
                        classes.size());
  return text;
}

std::string matrix_of(const Json& result) {
  const Json& classes = result["classes"];
  TextTable table{.headers = {"truth \\ predicted"}, .rows = {}};
  for (const Json& row : classes) table.headers.push_back(label_of(row));
  for (std::size_t i = 0; i < classes.size(); ++i) {
    table.rows.push_back({label_of(classes[i])});
    for (const Json& n : result["confusion"][i]) table.rows.back().push_back(n.dump());
  }
  return table.aligned();
}

// The pairs that are confused most often.
std::string confusions_of(const Json& result) {
  std::vector<std::tuple<std::int64_t, std::size_t, std::size_t>> pairs;
  const Json& matrix = result["confusion"];
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    for (std::size_t j = 0; j < matrix.size(); ++j) {
      const auto n = matrix[i][j].get<std::int64_t>();
      if (i != j && n > 0) pairs.emplace_back(-n, i, j);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  std::string text;
  for (std::size_t p = 0; p < std::min(kMostNamed, pairs.size()); ++p) {
    const auto [n, i, j] = pairs[p];
    text += fmt::format("{}{} taken for {} {} times", p == 0 ? "most often " : ", ", label_of(result["classes"][i]),
                        label_of(result["classes"][j]), -n);
  }
  return text.empty() ? "" : text + "\n";
}

std::string never_predicted(const Json& classes) {
  std::vector<std::string> names;
  std::int64_t n_texts = 0, n_all = 0;
  for (const Json& row : classes) {
    n_all += row["support"].get<std::int64_t>();
    if (row["support"] == 0 || row["predicted"] != 0) continue;
    names.push_back(label_of(row));
    n_texts += row["support"].get<std::int64_t>();
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

void add_classes(Json& result, const bert::ClassScores& scores, const std::vector<std::string>& labels) {
  if (scores.classes.empty()) return;
  Json& classes = result["classes"] = Json::array();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bert::ClassCounts& c = scores.classes[i];
    classes.push_back({{"label", labels[i]},
                       {"precision", or_null(c.precision())},
                       {"recall", or_null(c.recall())},
                       {"f1", or_null(c.f1())},
                       {"support", c.support},
                       {"predicted", c.predicted}});
  }
  if (labels.size() > kMostInMatrix || scores.confusion.empty()) return;
  std::vector<std::vector<std::int64_t>> matrix(labels.size(), std::vector<std::int64_t>(labels.size()));
  for (const auto& [pair, n] : scores.confusion)
    matrix[static_cast<std::size_t>(pair.first)][static_cast<std::size_t>(pair.second)] = n;
  result["confusion"] = matrix;
}

std::string class_report(const Json& result) {
  if (!result.contains("classes")) return "";
  const Json& classes = result["classes"];
  std::string text = table_of(classes);
  if (!result.contains("confusion")) {
    if (classes.size() > kMostInMatrix)
      text += fmt::format("(no confusion matrix: {} classes, more than {})\n", classes.size(), kMostInMatrix);
  } else {
    text += classes.size() <= kMostColumns ? matrix_of(result) : confusions_of(result);
  }
  return text + never_predicted(classes);
}

}  // namespace ingot::report
