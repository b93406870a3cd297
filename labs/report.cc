#include "labs/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "engine/base/printable.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "labs/front.h"
#include "labs/ranking.h"
#include "report/mean.h"
#include "report/text_table.h"

namespace ingot::labs {
using engine::Json;

namespace {

// The bounds and the reference's figures are of IMDb's test reviews, and say nothing about other texts.
constexpr std::int64_t kReferenceExamples = 25'000;

bool is_comparable(const Results& results) {
  return std::any_of(results.begin(), results.end(),
                     [](const auto& entry) { return entry.second.figures.examples == kReferenceExamples; });
}

std::string state_of(const Row& row, const LabRun& run, const Results& results,
                     const std::map<std::string, std::string>& failures) {
  if (results.contains(row.name)) return "done";
  if (failures.contains(row.name)) return "failed";
  return engine::is_locked(run.folder.lock_file(row.name)) ? "running" : "open";
}

Json as_json(const std::optional<bool>& met) { return met ? Json(*met) : Json(); }

// What a row of a model or a search says beside what every row says.
Json row_as_json(const ReportedRow& reported) {
  Json all = as_json(reported);
  const Row& row = reported.row;
  if (!row.series.empty()) all["series"] = row.series;
  if (row.x) all["x"] = *row.x;
  if (reported.reference) all["reference"] = *reported.reference;
  for (const Verdict& bound : reported.bounds)
    all["bounds"].push_back({{"asked", bound.text}, {"met", as_json(bound.met)}});
  if (reported.result == nullptr) return all;
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
                          "inference_tokens_per_second",
                          "flips",
                          "output_noise",
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
    if (const Json value = reported.result->json.value(key, Json()); !value.is_null()) all[key] = value;
  }
  if (const Json points = trial_points(reported.result->json); !points.empty()) all["points"] = points;
  return all;
}

template <class T>
std::string number(const std::optional<T>& value, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value) : "";
}

std::string asked_text(const ReportedRow& row) {
  std::vector<std::string> texts;
  for (const Verdict& bound : row.bounds) texts.push_back(bound.text);
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string met_text(const ReportedRow& row) {
  if (row.bounds.empty()) return "";
  const auto& bounds = row.bounds;
  if (std::any_of(bounds.begin(), bounds.end(), [](const Verdict& bound) { return !bound.met; })) return "-";
  return std::all_of(bounds.begin(), bounds.end(), [](const Verdict& bound) { return *bound.met; }) ? "yes" : "no";
}

// Why a row has no accuracy yet.
std::string state_text(const ReportedRow& row) {
  if (row.state != "open") return row.state;
  return row.is_chosen ? "not started" : "not asked for";
}

// Columns of a lab whose models are compared with another one.
void add_comparison(report::TextTable& table, std::span<const ReportedRow> rows) {
  const auto figures = [](const ReportedRow& row) -> const RowFigures& {
    return row.result == nullptr ? kNotMeasured : row.result->figures;
  };
  if (std::none_of(rows.begin(), rows.end(), [&](const ReportedRow& row) { return figures(row).output_noise; })) return;
  table.headers.insert(table.headers.end(), {"noise", "tokens/s"});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const RowFigures& f = figures(rows[i]);
    table.rows[i].push_back(number(f.output_noise, "{:.4f}"));
    table.rows[i].push_back(number(f.inference_tokens_per_second, "{:.0f}"));
  }
}

report::TextTable table_of(std::span<const ReportedRow> rows) {
  report::TextTable table{.headers = {"row", "accuracy", "flips", "validation", "reference", "asked", "met", "bits",
                                      "bytes", "sparsity", "trials", "distinct", "trial hours", "seconds"},
                          .rows = {}};
  for (const ReportedRow& row : rows) {
    const RowFigures& f = row.result == nullptr ? kNotMeasured : row.result->figures;
    table.rows.push_back({row.row.title, row.result != nullptr ? number(f.accuracy, "{:.4f}") : state_text(row),
                          f.flips ? fmt::format("{:.2f}%", 100 * *f.flips) : "",
                          number(f.validation_accuracy, "{:.4f}"), number(row.reference, "{:.4f}"), asked_text(row),
                          met_text(row), number(f.average_bits, "{:.2f}"), number(f.packed_bytes, "{}"),
                          f.sparsity.value_or(0) > 0 ? number(f.sparsity, "{:.4f}") : "",
                          f.best_so_far ? std::to_string(f.best_so_far->size()) : "", number(f.distinct, "{}"),
                          f.trial_seconds ? fmt::format("{:.2f}", *f.trial_seconds / 3600) : "",
                          row.result != nullptr ? fmt::format("{:.0f}", row.result->seconds) : ""});
  }
  add_comparison(table, rows);
  return table;
}

std::string group_of(const Row& row) { return row.series.substr(0, row.series.rfind(", ")); }

// Of models that compete only the chosen one is in the figure.
bool is_drawn(const Row& row, std::span<const Row> rows, const Results& results) {
  if (row.series.empty() || !results.contains(row.name)) return false;
  return row.choice.empty() || row.is_shared || resolve(row.choice, rows, results) == &row;
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
      if (!done->second.figures.validation_accuracy)
        text += fmt::format("{}: {} has no validation accuracy and cannot be chosen\n", row.choice, other.value);
    }
    if (chosen != nullptr) text += fmt::format("{}: validation chooses {}\n", row.choice, chosen->value);
  }
  return text;
}

std::string smallest_text(const Lab& lab, std::span<const ReportedRow> rows) {
  const ReportedRow* smallest = nullptr;
  for (const ReportedRow& row : rows) {
    if (row.result == nullptr || !row.result->figures.packed_bytes || !row.result->figures.accuracy) continue;
    if (*row.result->figures.accuracy < lab.kept_accuracy) continue;
    if (smallest == nullptr || *row.result->figures.packed_bytes < *smallest->result->figures.packed_bytes)
      smallest = &row;
  }
  if (lab.kept_accuracy == 0 || smallest == nullptr) return "";
  return fmt::format("smallest model with accuracy {} or more: {}, {} bytes, {:.4f}\n", lab.kept_accuracy,
                     smallest->row.title, *smallest->result->figures.packed_bytes, *smallest->result->figures.accuracy);
}

std::string bounds_text(std::span<const ReportedRow> rows) {
  std::int64_t n = 0, met = 0, open = 0;
  for (const ReportedRow& row : rows) {
    for (const Verdict& bound : row.bounds) {
      ++n;
      if (!bound.met) ++open;
      if (bound.met == true) ++met;
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
  const auto add = [&](const std::string& name, const Row& row, report::Mean y, bool is_reference) {
    auto at =
        std::find_if(chart.series.begin(), chart.series.end(), [&](const report::Series& s) { return s.name == name; });
    if (at == chart.series.end()) {
      chart.series.push_back(
          {.name = name, .points = {}, .group = group_of(row), .is_level = !row.x, .is_reference = is_reference});
      at = chart.series.end() - 1;
    }
    at->points.push_back({row.x.value_or(0), y.value, y.error});
  };
  for (const Row& row : rows) {
    if (!is_drawn(row, rows, results)) continue;
    const RowFigures& figures = results.at(row.name).figures;
    if (!is_search) {
      add(row.series, row, {*figures.accuracy, figures.accuracy_error.value_or(0)}, false);
    } else if (!figures.best_so_far) {
      if (figures.validation_accuracy) {
        add(row.series, row, {*figures.validation_accuracy, figures.validation_accuracy_error.value_or(0)}, false);
      } else {
        left_out += fmt::format("not in the figure: {}, which has no validation accuracy\n", row.title);
      }
    } else {
      Row place = row;
      place.x = 0;
      for (const std::optional<double>& best : *figures.best_so_far) {
        *place.x += 1;
        if (best) add(row.series, place, {*best}, false);
      }
    }
  }
  for (const Row& row : rows) {
    if (comparable && row.reference && !row.series.empty())
      add("reference: " + row.series, row, {*row.reference}, true);
  }
  return chart;
}

std::vector<ReportedRow> reported_rows(const LabRun& run, const Results& results,
                                       const std::map<std::string, std::string>& failures) {
  const bool comparable = is_comparable(results);
  std::vector<ReportedRow> all;
  for (const Row& row : run.rows) {
    const auto is_same = [&](const Row& r) { return r.name == row.name; };
    ReportedRow reported{.row = row,
                         .state = state_of(row, run, results, failures),
                         .is_chosen = std::any_of(run.chosen.begin(), run.chosen.end(), is_same)};
    if (const auto failed = failures.find(row.name); failed != failures.end()) reported.error = failed->second;
    if (const auto done = results.find(row.name); done != results.end()) reported.result = &done->second;
    if (comparable) {
      reported.reference = row.reference;
      for (const Asked& asked : row.asked) reported.bounds.push_back(judge(asked, row, run.rows, results));
    }
    all.push_back(std::move(reported));
  }
  return all;
}

Json as_json(const ReportedRow& row) {
  Json all{{"name", row.row.name}, {"title", row.row.title}, {"state", row.state}, {"chosen", row.is_chosen}};
  if (!row.error.empty()) all["error"] = row.error;
  if (row.result == nullptr) return all;
  all["seconds"] = row.result->seconds;
  if (row.result->resumed) all["resumed"] = true;
  all["typed"] = row.result->typed;
  return all;
}

std::string states_text(std::span<const ReportedRow> rows) {
  std::map<std::string, int> counts;
  std::string failures;
  for (const ReportedRow& row : rows) {
    ++counts[state_text(row)];
    if (!row.error.empty()) failures += fmt::format("failed: {}: {}\n", row.row.title, engine::printable(row.error));
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
  const std::vector<ReportedRow> rows = reported_rows(run, results, failures);
  LabReport report;
  report.rows = Json::array();
  for (const ReportedRow& row : rows) report.rows.push_back(row_as_json(row));
  const report::TextTable table = table_of(rows);
  std::string left_out;
  const bool comparable = is_comparable(results);
  report.chart = chart_of(lab, run.rows, results, comparable, left_out);
  report.charts = front_charts(results);
  if (std::optional<report::Chart> flips = flips_chart(rows)) report.charts.emplace("flips", *std::move(flips));
  const std::string summary = choices_text(run, results) + left_out + (comparable ? smallest_text(lab, rows) : "") +
                              areas_text(rows) + ranking_text(rows) + bounds_text(rows) + states_text(rows);
  report.text = table.aligned() + "\n" + summary;
  report.markdown = fmt::format("# Lab {}: {}\n\n{}\n{}\n", lab.name, lab.title, table.markdown(), as_list(summary));
  for (const std::string& note : lab.notes()) report.markdown += "- " + note + "\n";
  return report;
}

}  // namespace ingot::labs
