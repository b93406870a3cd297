#include <fmt/format.h>

#include <algorithm>

#include "pipeline/pages/panel.h"
#include "pipeline/pages/seeds.h"
#include "report/html.h"
#include "report/mean.h"

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

using Entries = std::vector<std::pair<std::string, Json>>;

// Numbers, words and yes or no of a result, those of objects within it as "object.name".
void add_entries(const Json& object, const std::string& prefix, Entries& entries) {
  for (const auto& [name, value] : object.items()) {
    const bool is_elsewhere = std::find(std::begin(kElsewhere), std::end(kElsewhere), name) != std::end(kElsewhere);
    if ((prefix.empty() && is_elsewhere) || value.is_array() || value.is_null()) continue;
    if (value.is_object()) {
      if (prefix.empty()) add_entries(value, name + ".", entries);
    } else {
      entries.emplace_back(prefix + name, value);
    }
  }
}

// A column of the table: what each of some folders came to, in words.
void add_column(report::TextTable& table, const std::string& header, const Entries& entries) {
  const std::size_t column = table.headers.size();
  table.headers.push_back(header);
  for (const auto& [name, value] : entries) {
    auto row =
        std::find_if(table.rows.begin(), table.rows.end(), [&, &name = name](const auto& r) { return r[0] == name; });
    if (row == table.rows.end()) row = table.rows.insert(row, std::vector<std::string>{name});
    row->resize(column + 1);
    (*row)[column] = in_words(value);
  }
  for (auto& row : table.rows) row.resize(column + 1);
}

// Of the numbers that all have.
Entries means_of(const std::vector<Entries>& all) {
  Entries means;
  for (const auto& [name, first] : all[0]) {
    std::vector<double> values;
    for (const Entries& entries : all) {
      const auto entry =
          std::find_if(entries.begin(), entries.end(), [&, &name = name](const auto& e) { return e.first == name; });
      if (entry != entries.end() && entry->second.is_number()) values.push_back(entry->second.get<double>());
    }
    if (values.size() == all.size()) means.emplace_back(name, report::to_text(report::mean_of(values)));
  }
  return means;
}

}  // namespace

std::string results_markup(std::span<const RunFolder> folders) {
  std::string markup;
  report::TextTable table{.headers = {""}, .rows = {}};
  for (const SeedGroup& group : seed_groups(folders)) {
    std::vector<Entries> all;
    for (const std::size_t i : group) {
      const RunFolder& folder = folders[i];
      if (!folder.is_finished())
        markup +=
            report::paragraph(folder.name + ": has no result yet; what its command wrote so far is shown.", "warning");
      all.push_back({{"command", folder.command}});
      add_entries(folder.result, "", all.back());
      add_column(table, folder.name, all.back());
    }
    if (group.size() > 1) add_column(table, mean_name(folders, group) + " \u00b1 standard error", means_of(all));
  }
  return markup + report::table(table, "Results");
}

}  // namespace ingot::pipeline
