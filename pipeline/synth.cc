#include "pipeline/synth.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "hw/emit/folder.h"
#include "hw/passes/cost.h"
#include "hw/synthesis/synthesize.h"
#include "pipeline/synth_sweep.h"
#include "report/text_table.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
namespace {

using engine::Json;
using engine::require;

constexpr std::size_t kMostHistoryBytes = std::size_t{16} << 20;

// Whether it is a line that synth wrote, as far as it is read here.
bool is_run(const Json& run) {
  return run.is_object() && run.contains("target") && run["target"].is_string() && run.contains("no_dsp") &&
         run["no_dsp"].is_boolean() && run.contains("report") && run["report"].is_boolean();
}

// Earlier runs, one a line, newest last. Where lines are damaged, what can be read.
std::vector<Json> history(const fs::path& file) {
  std::vector<Json> runs;
  std::error_code error;
  if (!fs::exists(fs::symlink_status(file, error))) return runs;
  std::istringstream lines(engine::read_file(file, kMostHistoryBytes));
  for (std::string line; std::getline(lines, line);) {
    Json run = engine::parse_json_or_null(line);
    if (is_run(run)) runs.push_back(std::move(run));
  }
  return runs;
}

// The last one with the same target and options.
std::optional<Json> last_like(const std::vector<Json>& runs, const Json& run) {
  for (auto r = runs.rbegin(); r != runs.rend(); ++r) {
    if ((*r)["target"] == run["target"] && (*r)["no_dsp"] == run["no_dsp"] && (*r)["report"] == run["report"])
      return *r;
  }
  return std::nullopt;
}

// The result is worth more than its place in the history: where that cannot be written, the user is told.
void remember(const fs::path& file, const std::vector<Json>& runs, const Json& run) {
  std::string text;
  for (const Json& r : runs) text += r.dump() + "\n";
  try {
    engine::write_file(file, text + run.dump() + "\n");
  } catch (const engine::Message& reason) {
    engine::say(fmt::format("not kept for the next run to compare with: {}", engine::printable(reason.what())));
  }
}

std::string change(const Json& run, const std::optional<Json>& before, const char* key) {
  if (!before || !before->contains(key) || !(*before)[key].is_number()) return "";
  const double difference = run[key].get<double>() - (*before)[key].get<double>();
  return difference == 0 ? "=" : fmt::format("{:+g}", difference);
}

std::string table_of(const Json& run, const std::optional<Json>& before) {
  const std::string target = run["target"].get<std::string>(), lut = hw::lut_title(hw::parse_target(target));
  report::TextTable table{.headers = {target, "found", "last run", "model"}, .rows = {}};
  for (const char* key : {"lut", "ff", "dsp", "bram", "carry", "fmax_mhz"}) {
    if (!run.contains(key)) continue;
    const std::string model = run["model"].contains(key) ? fmt::format("{:.0f}", run["model"][key].get<double>()) : "";
    table.rows.push_back({std::string_view(key) == "lut" ? lut : key, fmt::format("{:.5g}", run[key].get<double>()),
                          change(run, before, key), model});
  }
  std::string text = table.aligned();
  if (run.contains("placed_lut"))
    text += fmt::format("nextpnr-ice40 placed {} logic cells\n", run["placed_lut"].get<std::int64_t>());
  if (run.contains("no_fmax")) text += run["no_fmax"].get<std::string>() + "\n";
  return text + fmt::format("{:.1f} s, {}\n", run["seconds"].get<double>(), run["tool"].get<std::string>());
}

}  // namespace

void synthesize_rtl(const SynthOptions& o, const Run& run, const Finish& finish) {
  if (o.sweep > 0) return sweep_layers({.n = o.sweep, .target = o.target, .dsp = !o.no_dsp, .out = o.out}, run, finish);
  require(!o.folder.empty(), "synth: needs the folder that `ingot emit` wrote");
  const hw::Target target = hw::parse_target(o.target);
  const hw::EmittedRtl rtl = hw::open_emitted(o.folder);
  const fs::path file = fs::path(o.folder) / "synth.jsonl";
  const std::vector<Json> runs = history(file);  // before the work that a damaged one would take along
  const hw::Synthesis synthesis =
      hw::synthesize(rtl, target, {.place = o.report, .dsp = !o.no_dsp && target != hw::Target::ice40}, engine::say);
  Json found = to_json(synthesis);
  const hw::Cost model = hw::cost(rtl.graph, target, !o.no_dsp);
  found["model"] = {{"lut", model.lut}, {"ff", model.ff}, {"dsp", model.dsp}, {"bram", model.bram}};
  found["cycles"] = rtl.manifest.interval;
  found["no_dsp"] = o.no_dsp;
  found["report"] = o.report;
  found["rtl"] = fmt::format("{:016x}", engine::content_hash(hw::to_text(rtl.manifest)));
  const std::optional<Json> before = last_like(runs, found);
  remember(file, runs, found);
  if (before) found["last_run"] = *before;
  finish(found, table_of(found, before));
}

}  // namespace ingot::pipeline
