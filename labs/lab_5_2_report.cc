// The report of lab 5.2: the core in simulation, its cycles, and what it takes of chips.
#include <fmt/format.h>

#include <optional>

#include "engine/io/saved.h"
#include "labs/lab.h"
#include "labs/lab_5_2.h"
#include "labs/report.h"

namespace ingot::labs {
namespace {

using engine::Json;
using engine::Saved;
using report::TextTable;

// The rows that are done, by name; in a result.json, or as the lab's folder has them.
using Done = std::map<std::string, Json>;

std::optional<Saved> part(const Done& done, const std::string& row, const char* name) {
  const auto found = done.find(row);
  if (found == done.end() || !found->second.contains(name)) return std::nullopt;
  return Saved(found->second, row).object(name);
}

TextTable simulations(const Done& done) {
  TextTable table{
      .headers = {"simulated", "texts", "codes of edges", "different beats", "cycles", "M cycles/s", "build s"},
      .rows = {},
      .title = "simulation"};
  for (const char* row : {kCore, kNetlist}) {
    const std::optional<Saved> s = part(done, row, "simulation");
    if (!s) continue;
    const auto codes = s->find<std::int64_t>("edge_codes");
    const std::int64_t different = s->get<std::int64_t>("different_beats") + s->get<std::int64_t>("extra_beats") +
                                   s->find<std::int64_t>("different_edge_beats").value_or(0);
    table.rows.push_back({row, std::to_string(s->get<std::int64_t>("vectors")),
                          codes.value_or(0) > 0 ? std::to_string(*codes) : "", std::to_string(different),
                          std::to_string(s->get<std::int64_t>("cycles")),
                          fmt::format("{:.2f}", s->get<double>("cycles_per_second") / 1e6),
                          fmt::format("{:.1f}", s->get<double>("build_seconds"))});
  }
  return table;
}

std::optional<double> placed_mhz(const Done& done) {
  const std::optional<Saved> synthesis = part(done, kChips[0], "synthesis");
  return synthesis ? synthesis->find<double>("fmax_mhz") : std::nullopt;
}

TextTable cycles(const Done& done) {
  TextTable table{
      .headers = {"tokens of a text", "cycles", "promised", "busy %", "ms", "tokens/s"}, .rows = {}, .title = "cycles"};
  const std::optional<Saved> core = part(done, kCore, "simulation"), emitted = part(done, kCore, "emit");
  if (!core || !emitted) return table;
  const std::optional<double> mhz = placed_mhz(done);
  const double products = emitted->get<double>("pi") * emitted->get<double>("po");
  for (const Saved& length : core->objects("lengths")) {
    const double n = length.get<double>("cycles"), tokens = length.get<double>("tokens");
    table.rows.push_back({fmt::format("{:.0f}", tokens), fmt::format("{:.0f}", n),
                          std::to_string(length.get<std::int64_t>("promised_cycles")),
                          fmt::format("{:.1f}", 100 * length.get<double>("products") / n),
                          mhz ? fmt::format("{:.2f}", n / *mhz / 1e3) : "",
                          mhz ? fmt::format("{:.0f}", tokens * *mhz * 1e6 / n) : ""});
  }
  table.headers[3] = fmt::format("{:.0f} products busy %", products);
  return table;
}

TextTable areas(const Done& done) {
  TextTable table{.headers = {"chip", "LUT", "FF", "DSP", "block RAMs", "MHz, placed"}, .rows = {}, .title = "areas"};
  for (const char* chip : kChips) {
    const std::optional<Saved> s = part(done, chip, "synthesis");
    if (!s) continue;
    const auto mhz = s->find<double>("fmax_mhz");
    std::vector<std::string> cells{chip};
    for (const char* key : {"lut", "ff", "dsp", "bram"}) cells.push_back(fmt::format("{:.0f}", s->get<double>(key)));
    cells.push_back(mhz ? fmt::format("{:.1f}", *mhz) : "");
    table.rows.push_back(std::move(cells));
  }
  return table;
}

TextTable accuracies(const Done& done) {
  TextTable table{.headers = {"model", "accuracy", "bytes packed"}, .rows = {}, .title = "accuracy"};
  for (const char* row : {"float", kChipModel}) {
    const auto found = done.find(row);
    if (found == done.end()) continue;
    const RowResult result(found->second, row);
    const RowFigures& f = result.figures;
    table.rows.push_back({row, f.accuracy ? fmt::format("{:.4f}", *f.accuracy) : "",
                          f.packed_bytes ? std::to_string(*f.packed_bytes) : ""});
  }
  return table;
}

std::vector<TextTable> tables_of(const Done& done) {
  std::vector<TextTable> tables;
  for (TextTable& table : std::vector{accuracies(done), simulations(done), cycles(done), areas(done)}) {
    if (!table.rows.empty()) tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace

std::vector<TextTable> tables_5_2(const Json& rows) {
  Done done;
  const Json result{{"rows", rows}};
  for (const Saved& row : Saved(result, "result.json").objects("rows")) {
    if (row.get<std::string>("state") == "done") done.emplace(row.get<std::string>("name"), row.json());
  }
  return tables_of(done);
}

LabReport report_5_2(const LabRun& run, const std::map<std::string, std::string>& failures) {
  const Results results = run.folder.results(run.rows);
  LabReport report;
  report.rows = Json::array();
  const std::vector<ReportedRow> rows = reported_rows(run, results, failures);
  Done done;
  for (const ReportedRow& row : rows) {
    Json all = as_json(row);
    if (row.result != nullptr) all.update(row.result->json);
    if (row.result != nullptr) done.emplace(row.row.name, all);
    report.rows.push_back(std::move(all));
  }
  report.markdown = "# Lab 5.2: a whole model in silicon\n\n";
  for (const TextTable& table : tables_of(done)) {
    report.text += table.aligned() + "\n";
    report.markdown += table.markdown() + "\n";
  }
  for (const ReportedRow& row : rows) {
    for (const Verdict& bound : row.bounds)
      report.text += fmt::format("{}: asked for {}: {}\n", row.row.name, bound.text,
                                 !bound.met   ? "not done yet"
                                 : *bound.met ? "met"
                                              : "NOT met");
  }
  const std::string states = states_text(rows);
  report.text += states;
  for (const std::string& note : notes_5_2()) report.markdown += "- " + note + "\n";
  report.markdown += as_list(states);
  return report;
}

}  // namespace ingot::labs
