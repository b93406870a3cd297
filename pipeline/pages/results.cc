#include <fmt/format.h>

#include <algorithm>

#include "pipeline/pages/panel.h"
#include "report/html.h"

namespace ingot::pipeline {
namespace {

using engine::Json;

// What says how a run was made rather than what came of it (the last section shows these), or has a section of its own.
constexpr const char* kElsewhere[] = {"options",   "build",       "seed",        "command", "classes",
                                      "confusion", "labels",      "trials",      "rows",    "layers",
                                      "front",     "best_so_far", "importances", "metadata"};

std::string in_words(const Json& value) {
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return shown_value(value);
}

// Numbers, words and yes or no of a result, those of objects within it as "object.name".
void add_entries(const Json& object, const std::string& prefix,
                 std::vector<std::pair<std::string, std::string>>& entries) {
  for (const auto& [name, value] : object.items()) {
    const bool is_elsewhere = std::find(std::begin(kElsewhere), std::end(kElsewhere), name) != std::end(kElsewhere);
    if ((prefix.empty() && is_elsewhere) || value.is_array() || value.is_null()) continue;
    if (value.is_object()) {
      if (prefix.empty()) add_entries(value, name + ".", entries);
    } else {
      entries.emplace_back(prefix + name, in_words(value));
    }
  }
}

}  // namespace

std::string results_markup(std::span<const RunFolder> folders) {
  std::string markup;
  report::TextTable table{.headers = {""}, .rows = {}};
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const RunFolder& folder = folders[i];
    table.headers.push_back(folder.name);
    for (auto& row : table.rows) row.emplace_back();
    if (!folder.is_finished())
      markup +=
          report::paragraph(folder.name + ": has no result yet; what its command wrote so far is shown.", "warning");
    std::vector<std::pair<std::string, std::string>> entries{{"command", folder.command}};
    add_entries(folder.result, "", entries);
    for (const auto& [name, value] : entries) {
      auto row = std::find_if(table.rows.begin(), table.rows.end(), [&](const auto& r) { return r[0] == name; });
      if (row == table.rows.end()) row = table.rows.insert(row, std::vector<std::string>{name});
      row->resize(i + 2);
      (*row)[i + 1] = value;
    }
  }
  for (auto& row : table.rows) row.resize(table.headers.size());
  return markup + report::table(table, "Results");
}

}  // namespace ingot::pipeline
