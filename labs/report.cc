#include "labs/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/printable.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "report/text_table.h"

namespace ingot::labs {
using engine::Json;

namespace {

// The bounds and the reference's figures are of IMDb's test reviews, and say nothing about other texts.
constexpr std::int64_t kReferenceExamples = 25'000;

bool is_comparable(const Results& results) {
  return std::any_of(results.begin(), results.end(), [](const auto& entry) {
    return entry.second.at("result").value("examples", std::int64_t{0}) == kReferenceExamples;
  });
}

std::string state_of(const Row& row, const LabRun& run, const Results& results,
                     const std::map<std::string, std::string>& failures) {
  if (results.contains(row.name)) return "done";
  if (failures.contains(row.name)) return "failed";
  return engine::is_locked(run.folder.lock_file(row.name)) ? "running" : "open";
}

Json asked_as_json(const Row& row, const LabRun& run, const Results& results) {
  Json list = Json::array();
  for (const Asked& asked : row.asked) {
    const Verdict verdict = judge(asked, row, run.rows, results);
    list.push_back({{"asked", verdict.text}, {"met", verdict.met ? Json(*verdict.met) : Json()}});
  }
  return list;
}

Json row_as_json(const Row& row, const LabRun& run, const Results& results, bool comparable,
                 const std::map<std::string, std::string>& failures) {
  Json all = state_as_json(row, run, results, failures);
  if (!row.series.empty()) all["series"] = row.series;
  if (row.x) all["x"] = *row.x;
  if (comparable && row.reference) all["reference"] = *row.reference;
  if (comparable && !row.asked.empty()) all["bounds"] = asked_as_json(row, run, results);
  const auto done = results.find(row.name);
  if (done == results.end()) return all;
  const Json& saved = done->second;
  for (const char* key : {"accuracy",
                          "validation_accuracy",
                          "f1",
                          "loss",
                          "examples",
                          "evaluated_on",
                          "sparsity",
                          "average_bits",
                          "packed_bytes",
                          "float_bytes",
                          "training_seconds",
                          "tokens_per_second",
                          "best_step",
                          "steps",
                          "distinct",
                          "states",
                          "best",
                          "best_so_far",
                          "importances",
                          "front",
                          "seed",
                          "options",
                          "build"}) {
    if (const Json value = saved["result"].value(key, Json()); !value.is_null()) all[key] = value;
  }
  return all;
}

std::string number(const Json& row, const char* key, const char* format) {
  return row.contains(key) && row[key].is_number() ? fmt::format(fmt::runtime(format), row[key].get<double>()) : "";
}

std::string asked_text(const Json& row) {
  std::vector<std::string> texts;
  for (const Json& bound : row.value("bounds", Json::array())) texts.push_back(bound["asked"].get<std::string>());
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string met_text(const Json& row) {
  if (!row.contains("bounds")) return "";
  bool all = true;
  for (const Json& bound : row["bounds"]) {
    if (bound["met"].is_null()) return "-";
    all = all && bound["met"].get<bool>();
  }
  return all ? "yes" : "no";
}

// Why a row has no accuracy yet.
std::string state_text(const Json& row) {
  const auto state = row["state"].get<std::string>();
  if (state != "open") return state;
  return row["chosen"].get<bool>() ? "not started" : "not asked for";
}

report::TextTable table_of(const Json& rows) {
  report::TextTable table{.headers = {"row", "accuracy", "validation", "reference", "asked", "met", "bits", "bytes",
                                      "sparsity", "trials", "distinct", "seconds"},
                          .rows = {}};
  for (const Json& row : rows) {
    const bool done = row["state"] == "done";
    table.rows.push_back({row["title"].get<std::string>(), done ? number(row, "accuracy", "{:.4f}") : state_text(row),
                          number(row, "validation_accuracy", "{:.4f}"), number(row, "reference", "{:.4f}"),
                          asked_text(row), met_text(row), number(row, "average_bits", "{:.2f}"),
                          number(row, "packed_bytes", "{:.0f}"),
                          row.value("sparsity", 0.0) > 0 ? number(row, "sparsity", "{:.4f}") : "",
                          row.contains("best_so_far") ? std::to_string(row["best_so_far"].size()) : "",
                          number(row, "distinct", "{:.0f}"), number(row, "seconds", "{:.0f}")});
  }
  return table;
}

std::string group_of(const Row& row) { return row.series.substr(0, row.series.rfind(", ")); }

// Of rows that compete only the chosen one is in the figure.
bool is_drawn(const Row& row, std::span<const Row> rows, const Results& results) {
  if (row.series.empty() || !results.contains(row.name)) return false;
  return row.choice.empty() || resolve(row.choice, rows, results) == &row;
}

std::string choices_text(const LabRun& run, const Results& results) {
  std::string text;
  std::vector<std::string> seen;
  for (const Row& row : run.rows) {
    if (row.choice.empty() || std::find(seen.begin(), seen.end(), row.choice) != seen.end()) continue;
    seen.push_back(row.choice);
    const Row* chosen = resolve(row.choice, run.rows, results);
    for (const Row& other : run.rows) {
      const auto done = results.find(other.name);
      if (other.choice != row.choice || done == results.end()) continue;
      if (!validation_accuracy(done->second.at("result")))
        text += fmt::format("{}: {} has no validation accuracy and cannot be chosen\n", row.choice, other.value);
    }
    if (chosen != nullptr) text += fmt::format("{}: validation chooses {}\n", row.choice, chosen->value);
  }
  return text;
}

std::string smallest_text(const Lab& lab, const Json& rows) {
  const Json* smallest = nullptr;
  for (const Json& row : rows) {
    if (!row.contains("packed_bytes") || !row.contains("accuracy") || row["accuracy"].get<double>() < lab.kept_accuracy)
      continue;
    if (smallest == nullptr || row["packed_bytes"].get<double>() < (*smallest)["packed_bytes"].get<double>())
      smallest = &row;
  }
  if (lab.kept_accuracy == 0 || smallest == nullptr) return "";
  return fmt::format("smallest model with accuracy {} or more: {}, {} bytes, {:.4f}\n", lab.kept_accuracy,
                     (*smallest)["title"].get<std::string>(), (*smallest)["packed_bytes"].get<std::int64_t>(),
                     (*smallest)["accuracy"].get<double>());
}

std::string ranking_text(const Lab& lab, const Json& rows) {
  std::vector<std::pair<double, std::string>> ranking;
  for (const Json& row : rows) {
    if (lab.is_ranked && row.contains("best_so_far") && row.contains("accuracy"))
      ranking.emplace_back(-row["accuracy"].get<double>(), row["title"].get<std::string>());
  }
  std::stable_sort(ranking.begin(), ranking.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string text;
  for (const auto& [accuracy, title] : ranking) {
    text += fmt::format("{}{} {:.4f}", text.empty() ? "ranking: " : ", ", title, -accuracy);
  }
  return text.empty() ? text : text + "\n";
}

std::string bounds_text(const Json& rows) {
  std::int64_t n = 0, met = 0, open = 0;
  for (const Json& row : rows) {
    for (const Json& bound : row.value("bounds", Json::array())) {
      ++n;
      if (bound["met"].is_null()) ++open;
      if (bound["met"] == true) ++met;
    }
  }
  return n == 0 ? ""
                : fmt::format("bounds: {} asked, {} met, {} not, {} not measured yet\n", n, met, n - met - open, open);
}

}  // namespace

report::Chart chart_of(const Lab& lab, std::span<const Row> rows, const Results& results, bool comparable,
                       std::string& left_out) {
  const bool is_search = std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.is_shared; });
  report::Chart chart{.title = fmt::format("Lab {}: {}", lab.name, lab.title),
                      .x_label = std::string(lab.x_label),
                      .y_label = is_search ? "validation accuracy, best so far" : "test accuracy",
                      .series = {}};
  const auto add = [&](const std::string& name, const Row& row, double y, bool is_reference) {
    auto at =
        std::find_if(chart.series.begin(), chart.series.end(), [&](const report::Series& s) { return s.name == name; });
    if (at == chart.series.end()) {
      chart.series.push_back(
          {.name = name, .points = {}, .group = group_of(row), .is_level = !row.x, .is_reference = is_reference});
      at = chart.series.end() - 1;
    }
    at->points.push_back({row.x.value_or(0), y});
  };
  for (const Row& row : rows) {
    if (!is_drawn(row, rows, results)) continue;
    const Json& result = results.at(row.name).at("result");
    if (!is_search) {
      add(row.series, row, accuracy(results.at(row.name)), false);
    } else if (!result.contains("best_so_far")) {
      if (const std::optional<double> y = validation_accuracy(result)) {
        add(row.series, row, *y, false);
      } else {
        left_out += fmt::format("not in the figure: {}, which has no validation accuracy\n", row.title);
      }
    } else {
      Row place = row;
      place.x = 0;
      for (const Json& best : result["best_so_far"]) {
        *place.x += 1;
        if (best.is_number()) add(row.series, place, best.get<double>(), false);
      }
    }
  }
  for (const Row& row : rows) {
    if (comparable && row.reference && !row.series.empty()) add("reference: " + row.series, row, *row.reference, true);
  }
  return chart;
}

Json state_as_json(const Row& row, const LabRun& run, const Results& results,
                   const std::map<std::string, std::string>& failures) {
  Json all{
      {"name", row.name},
      {"title", row.title},
      {"state", state_of(row, run, results, failures)},
      {"chosen", std::any_of(run.chosen.begin(), run.chosen.end(), [&](const Row& r) { return r.name == row.name; })}};
  if (const auto failed = failures.find(row.name); failed != failures.end()) all["error"] = failed->second;
  const auto done = results.find(row.name);
  if (done == results.end()) return all;
  const Json& saved = done->second;
  all["seconds"] = saved.at("seconds");
  if (saved.at("resumed").get<bool>()) all["resumed"] = true;
  all["typed"] = saved.at("typed");
  return all;
}

std::string states_text(const Json& rows) {
  std::map<std::string, int> counts;
  std::string failures;
  for (const Json& row : rows) {
    ++counts[state_text(row)];
    if (row.contains("error"))
      failures += fmt::format("failed: {}: {}\n", row["title"].get<std::string>(),
                              engine::printable(row["error"].get<std::string>()));
  }
  std::string text = fmt::format("rows: {} of {} done", counts["done"], rows.size());
  for (const char* state : {"running", "failed", "not started", "not asked for"}) {
    if (counts[state] > 0) text += fmt::format(", {} {}", counts[state], state);
  }
  return text + "\n" + failures;
}

std::string as_list(const std::string& lines) {
  std::string list = "- ";
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) list += lines[i] == '\n' ? "\n- " : std::string(1, lines[i]);
  return list + "\n";
}

LabReport report_on(const Lab& lab, const LabRun& run, const std::map<std::string, std::string>& failures) {
  if (lab.report != nullptr) return lab.report(run, failures);
  const Results results = run.folder.results(run.rows);
  const bool comparable = is_comparable(results);
  LabReport report;
  report.rows = Json::array();
  for (const Row& row : run.rows) report.rows.push_back(row_as_json(row, run, results, comparable, failures));
  const report::TextTable table = table_of(report.rows);
  std::string left_out;
  report.chart = chart_of(lab, run.rows, results, comparable, left_out);
  const std::string summary = choices_text(run, results) + left_out +
                              (comparable ? smallest_text(lab, report.rows) : "") + ranking_text(lab, report.rows) +
                              bounds_text(report.rows) + states_text(report.rows);
  report.text = table.aligned() + "\n" + summary;
  report.markdown = fmt::format("# Lab {}: {}\n\n{}\n{}\n", lab.name, lab.title, table.markdown(), as_list(summary));
  for (const std::string& note : lab.notes()) report.markdown += "- " + note + "\n";
  return report;
}

}  // namespace ingot::labs
