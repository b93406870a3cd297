#include "labs/seeds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "labs/folder.h"
#include "labs/given.h"
#include "labs/page.h"
#include "labs/report.h"
#include "labs/typed.h"
#include "pipeline/pages/run_folder.h"
#include "report/mean.h"
#include "report/text_table.h"

namespace ingot::labs {
namespace fs = std::filesystem;
namespace {

using engine::Json;
using pipeline::RunFolder;
using report::Mean;

// A row and what it came to, a value a seed.
struct RepeatedRow {
  Json first;  // as the first seed that has it describes it
  std::map<std::string, std::vector<double>> values;
  std::size_t n_done = 0;

  std::optional<Mean> mean(const std::string& figure) const {
    const auto found = values.find(figure);
    if (found == values.end() || found->second.size() < n_done) return std::nullopt;
    return report::mean_of(found->second);
  }
};

constexpr const char* kFigures[] = {"accuracy",     "flips",    "validation_accuracy", "average_bits",
                                    "packed_bytes", "sparsity", "output_noise",        "seconds"};

std::vector<RepeatedRow> repeated_rows(const std::vector<RunFolder>& folders) {
  std::vector<RepeatedRow> all;
  for (const RunFolder& folder : folders) {
    for (const Json& row : folder.result["rows"]) {
      auto at = std::find_if(all.begin(), all.end(),
                             [&](const RepeatedRow& known) { return known.first["name"] == row["name"]; });
      if (at == all.end()) at = all.insert(at, {.first = row, .values = {}});
      if (row["state"] != "done") continue;
      if (at->n_done++ == 0) at->first = row;
      for (const char* figure : kFigures) {
        if (row.contains(figure) && row[figure].is_number()) at->values[figure].push_back(row[figure].get<double>());
      }
    }
  }
  return all;
}

Json as_json(const RepeatedRow& row, std::size_t n_seeds) {
  Json json{{"name", row.first["name"]},
            {"title", row.first["title"]},
            {"state", row.n_done == n_seeds ? "done" : "open"},
            {"seeds", row.n_done}};
  for (const char* key : {"series", "x", "reference"}) {
    if (row.first.contains(key)) json[key] = row.first[key];
  }
  for (const char* figure : kFigures) {
    const std::optional<Mean> mean = row.mean(figure);
    if (!mean) continue;
    json[figure] = figure == std::string("packed_bytes") ? Json(std::llround(mean->value)) : Json(mean->value);
    json[figure + std::string("_error")] = mean->error;
  }
  return json;
}

std::string cell(const std::optional<Mean>& mean, double scale, int decimals, const char* unit = "") {
  if (!mean) return "";
  const std::string error =
      mean->error > 0 ? fmt::format(" \u00b1 {:.{}f}", scale * mean->error, decimals) : std::string();
  return fmt::format("{:.{}f}{}{}", scale * mean->value, decimals, error, unit);
}

report::TextTable table_of(const std::vector<RepeatedRow>& rows) {
  report::TextTable table{.headers = {"row", "seeds", "accuracy", "flips", "validation", "reference", "bits", "bytes",
                                      "sparsity", "seconds"},
                          .rows = {}};
  for (const RepeatedRow& row : rows) {
    const Json reference = row.first.value("reference", Json());
    const std::optional<Mean> sparsity = row.mean("sparsity");
    table.rows.push_back(
        {row.first["title"].get<std::string>(), std::to_string(row.n_done), cell(row.mean("accuracy"), 1, 4),
         cell(row.mean("flips"), 100, 2, "%"), cell(row.mean("validation_accuracy"), 1, 4),
         reference.is_number() ? fmt::format("{:.4f}", reference.get<double>()) : "",
         cell(row.mean("average_bits"), 1, 2), cell(row.mean("packed_bytes"), 1, 0),
         sparsity && sparsity->value > 0 ? cell(sparsity, 1, 4) : "", cell(row.mean("seconds"), 1, 0)});
  }
  return table;
}

// The folders of seeds that have a result.
std::vector<RunFolder> finished_folders(const std::vector<fs::path>& folders) {
  std::vector<RunFolder> all;
  for (const fs::path& path : folders) {
    if (!fs::exists(path / "result.json")) continue;
    RunFolder folder = pipeline::read_run_folder(path);
    if (folder.result.value("rows", Json()).is_array()) all.push_back(std::move(folder));
  }
  return all;
}

void write_report(const Lab& lab, const LabOptions& o, const std::vector<fs::path>& folders, const LabFolder& place,
                  const std::string& failures, const pipeline::Finish& finish) {
  const engine::FileLock lock(place.lock_file(".report"), engine::Wait::yes);
  const std::vector<RunFolder> finished = finished_folders(folders);
  const std::vector<RepeatedRow> rows = repeated_rows(finished);
  std::string left_out, written = "table.md, result.json";
  for (const LabFigure& figure : finished.empty() ? std::vector<LabFigure>() : lab_figures(finished, left_out)) {
    if (figure.chart.series.empty()) continue;
    report::write_chart(figure.chart, place.path(), figure.name);
    written += fmt::format(", {0}.svg, {0}.csv", figure.name);
  }
  const std::string summary =
      left_out + failures +
      fmt::format("means of up to {} seeds; behind \u00b1 one standard error, of the mean\n", folders.size());
  const report::TextTable table = table_of(rows);
  std::string markdown =
      fmt::format("# Lab {}: {}\n\n{}\n{}\n", lab.name, lab.title, table.markdown(), as_list(summary));
  for (const std::string& note : lab.notes()) markdown += "- " + note + "\n";
  engine::write_file(place.path() / "table.md", markdown);
  Json result{{"lab", lab.name}, {"title", lab.title}, {"seeds", folders.size()}, {"rows", Json::array()}};
  for (const RepeatedRow& row : rows) result["rows"].push_back(as_json(row, folders.size()));
  finish(result, table.aligned() + "\n" + summary + fmt::format("{}: {}\n", o.out, written));
}

}  // namespace

void run_seeds(const Lab& lab, const LabOptions& o, const pipeline::Run& run, const Terminal& terminal,
               const pipeline::Finish& finish) {
  engine::require(lab.report == nullptr, "--seeds: lab {} measures nothing that has a mean, got {}", lab.name, o.seeds);
  engine::require(o.from.empty(), "--seeds: the model of --from has one seed, got {}", o.seeds);
  const pipeline::OutputLock lock(o.out, run.command, engine::Sharing::together);
  const LabFolder place(o.out, {{"lab", lab.name}, {"first_seed", run.seed}});
  std::vector<fs::path> folders;
  std::string failures, first;
  for (int i = 0; i < o.seeds; ++i) {
    const std::uint64_t seed = run.seed + static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(lab.n_seeds);
    folders.push_back(fs::path(o.out) / fmt::format("seed-{}", seed));
    std::vector<std::string> words = same_lab(lab, run, {"--seed", "--seeds"});
    words.insert(words.end(), {"--seed", std::to_string(seed)});
    add_place(words, folders.back(), terminal);
    engine::say(fmt::format("$ {}", command_line(words)));
    try {
      const OutputAside aside(terminal.quiet);
      engine::require(terminal.run_command(words) == 0, "lab: did not work");
    } catch (const engine::Interrupted&) {
      throw engine::Interrupted(fmt::format("stopped in seed {}; the same command goes on", seed));
    } catch (const engine::Failure& failure) {  // other seeds may still work; wrong options would be wrong again
      const std::string line = fmt::format("seed {}: failed: {}", seed, engine::printable(failure.what()));
      engine::say(line);
      if (first.empty()) first = line;
      failures += line + "\n";
    }
  }
  write_report(lab, o, folders, place, failures, finish);
  if (!first.empty()) throw engine::Failure("not every seed worked; the first: " + first);
}

}  // namespace ingot::labs
