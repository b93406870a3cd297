#include "pipeline/synth.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/progress.h"
#include "engine/io/saved.h"
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

// What an earlier run of synth found, a line of the history.
struct EarlierRun {
  Json line;
  std::string target;
  bool no_dsp = false, report = false;
  std::map<std::string, double> figures;  // by their names in the line
};

// What can be read of a line: nothing of a damaged one.
std::optional<EarlierRun> earlier_run(const std::string& line) {
  try {
    EarlierRun run{.line = engine::parse_json_or_null(line)};
    const engine::Saved saved(run.line, "synth.jsonl");
    run.target = saved.get<std::string>("target");
    run.no_dsp = saved.get<bool>("no_dsp");
    run.report = saved.get<bool>("report");
    for (const auto& [name, value] : run.line.items()) {
      if (value.is_number()) run.figures.emplace(name, value.get<double>());
    }
    return run;
  } catch (const engine::Error&) {
    return std::nullopt;
  }
}

// Earlier runs, newest last.
std::vector<EarlierRun> history(const fs::path& file) {
  std::vector<EarlierRun> runs;
  std::error_code error;
  if (!fs::exists(fs::symlink_status(file, error))) return runs;
  std::istringstream lines(engine::read_file(file, kMostHistoryBytes));
  for (std::string line; std::getline(lines, line);) {
    if (std::optional<EarlierRun> run = earlier_run(line)) runs.push_back(std::move(*run));
  }
  return runs;
}

// The last one with the same target and options.
const EarlierRun* last_like(const std::vector<EarlierRun>& runs, const SynthOptions& o) {
  for (auto r = runs.rbegin(); r != runs.rend(); ++r) {
    if (r->target == o.target && r->no_dsp == o.no_dsp && r->report == o.report) return &*r;
  }
  return nullptr;
}

// The result is worth more than its place in the history: where that cannot be written, the user is told.
void remember(const fs::path& file, const std::vector<EarlierRun>& runs, const Json& run) {
  std::string text;
  for (const EarlierRun& r : runs) text += r.line.dump() + "\n";
  try {
    engine::write_file(file, text + run.dump() + "\n");
  } catch (const engine::Message& reason) {
    engine::say(fmt::format("not kept for the next run to compare with: {}", engine::printable(reason.what())));
  }
}

std::string change(double found, const EarlierRun* before, const std::string& name) {
  if (before == nullptr || !before->figures.contains(name)) return "";
  const double difference = found - before->figures.at(name);
  return difference == 0 ? "=" : fmt::format("{:+g}", difference);
}

std::string table_of(const hw::Synthesis& s, const hw::Cost& model, const EarlierRun* before) {
  report::TextTable table{.headers = {std::string(name(s.target)), "found", "last run", "model"}, .rows = {}};
  const auto add = [&](const char* title, const char* key, double found, std::optional<double> estimate) {
    table.rows.push_back({title, fmt::format("{:.5g}", found), change(found, before, key),
                          estimate ? fmt::format("{:.0f}", *estimate) : ""});
  };
  add(hw::lut_title(s.target), "lut", static_cast<double>(s.lut), model.lut);
  add("ff", "ff", static_cast<double>(s.ff), model.ff);
  add("dsp", "dsp", static_cast<double>(s.dsp), model.dsp);
  add("bram", "bram", static_cast<double>(s.bram), model.bram);
  add("carry", "carry", static_cast<double>(s.carry), std::nullopt);
  if (s.fmax_mhz) add("fmax_mhz", "fmax_mhz", *s.fmax_mhz, std::nullopt);
  std::string text = table.aligned();
  if (s.placed_lut) text += fmt::format("nextpnr-ice40 placed {} logic cells\n", *s.placed_lut);
  if (!s.no_fmax.empty()) text += s.no_fmax + "\n";
  return text + fmt::format("{:.1f} s, {}\n", s.seconds, s.tool);
}

}  // namespace

void synthesize_rtl(const SynthOptions& o, const Run& run, const Finish& finish) {
  if (o.sweep > 0) return sweep_layers({.n = o.sweep, .target = o.target, .dsp = !o.no_dsp, .out = o.out}, run, finish);
  require(!o.folder.empty(), "synth: needs the folder that `ingot emit` wrote");
  const hw::Target target = hw::parse_target(o.target);
  const hw::EmittedRtl rtl = hw::open_emitted(o.folder);
  const fs::path file = fs::path(o.folder) / "synth.jsonl";
  const std::vector<EarlierRun> runs = history(file);  // before the work that a damaged one would take along
  const hw::Synthesis synthesis =
      hw::synthesize(rtl, target, {.place = o.report, .dsp = !o.no_dsp && target != hw::Target::ice40}, engine::say);
  Json found = to_json(synthesis);
  const hw::Cost model = hw::cost(rtl.graph, target, !o.no_dsp);
  found["model"] = {{"lut", model.lut}, {"ff", model.ff}, {"dsp", model.dsp}, {"bram", model.bram}};
  found["cycles"] = rtl.manifest.interval;
  found["no_dsp"] = o.no_dsp;
  found["report"] = o.report;
  found["rtl"] = fmt::format("{:016x}", engine::content_hash(hw::to_text(rtl.manifest)));
  const EarlierRun* before = last_like(runs, o);
  remember(file, runs, found);
  if (before != nullptr) found["last_run"] = before->line;
  finish(found, table_of(synthesis, model, before));
}

}  // namespace ingot::pipeline
