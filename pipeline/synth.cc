#include "pipeline/synth.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/progress.h"
#include "engine/io/saved.h"
#include "hw/core/fit.h"
#include "hw/emit/folder.h"
#include "hw/passes/cost.h"
#include "hw/synthesis/place.h"
#include "hw/synthesis/synthesize.h"
#include "pipeline/synth_sweep.h"
#include "report/text_table.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
namespace {

using engine::Json;
using engine::require;

constexpr std::size_t kMostHistoryBytes = std::size_t{16} << 20;
constexpr double kBlockClock = 100;  // MHz that placing a block works towards, unless the user says another

// What an earlier run of synth found, a line of the history.
struct EarlierRun {
  Json line;
  std::string target;
  bool no_dsp = false, place = false;
  double clock = 0;
  std::map<std::string, double> figures;  // by their names in the line
};

// What can be read of a line: nothing of a damaged one.
std::optional<EarlierRun> earlier_run(const std::string& line) {
  try {
    EarlierRun run{.line = engine::parse_json_or_null(line)};
    const engine::Saved saved(run.line, "synth.jsonl");
    run.target = saved.get<std::string>("target");
    run.no_dsp = saved.get<bool>("no_dsp");
    run.place = saved.get<bool>("report");
    run.clock = saved.has("clock") ? saved.get<double>("clock") : kBlockClock;
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
const EarlierRun* last_like(const std::vector<EarlierRun>& runs, const SynthOptions& o, double clock) {
  for (auto r = runs.rbegin(); r != runs.rend(); ++r) {
    if (r->target == o.target && r->no_dsp == o.no_dsp && r->place == o.place && (!o.place || r->clock == clock))
      return &*r;
  }
  return nullptr;
}

void remember(const fs::path& file, const std::vector<EarlierRun>& runs, const Json& run) {
  std::string text;
  for (const EarlierRun& r : runs) text += r.line.dump() + "\n";
  engine::write_file(file, text + run.dump() + "\n");
}

std::string change(double found, const EarlierRun* before, const std::string& name) {
  if (before == nullptr || !before->figures.contains(name)) return "";
  const double difference = found - before->figures.at(name);
  return difference == 0 ? "=" : fmt::format("{:+g}", difference);
}

hw::Cost estimate(const hw::EmittedRtl& rtl, hw::Target target, bool dsp) {
  if (!rtl.manifest.core) return hw::cost(rtl.graph, target, dsp);
  const hw::Encoder encoder = hw::encoder_of(rtl.graph);
  return hw::core_cost(encoder, hw::plan_core(encoder, *rtl.manifest.core), target);
}

std::string table_of(const hw::Synthesis& s, const hw::Cost& model, const EarlierRun* before) {
  report::TextTable table{.headers = {std::string(name(s.target)), "found", "last run", "model", "available"},
                          .rows = {}};
  const hw::Budget& budget = hw::info(s.target).budget;
  const auto add = [&](const char* title, const char* key, double found, std::optional<double> estimate,
                       std::int64_t available) {
    table.rows.push_back({title, fmt::format("{:.5g}", found), change(found, before, key),
                          estimate ? fmt::format("{:.0f}", *estimate) : "",
                          estimate && budget.lut > 0 ? fmt::format("{}", available) : ""});
  };
  add(hw::lut_title(s.target), "lut", static_cast<double>(s.lut), model.lut, budget.lut);
  add("ff", "ff", static_cast<double>(s.ff), model.ff, budget.ff);
  add("dsp", "dsp", static_cast<double>(s.dsp), model.dsp, budget.dsp);
  add("bram", "bram", static_cast<double>(s.bram), model.bram, budget.bram);
  add("carry", "carry", static_cast<double>(s.carry), std::nullopt, 0);
  if (s.placement && s.placement->fmax_mhz) add("fmax_mhz", "fmax_mhz", *s.placement->fmax_mhz, std::nullopt, 0);
  return table.aligned();
}

std::string modules_of(const hw::Synthesis& s) {
  report::TextTable table{.headers = {"module", "instances", "lut", "ff", "dsp", "bram"}, .rows = {}};
  for (const hw::ModuleArea& m : s.modules)
    table.rows.push_back({m.module.empty() ? "(top, packing)" : m.module,
                          m.instances > 0 ? fmt::format("{}", m.instances) : "", fmt::format("{}", m.lut),
                          fmt::format("{}", m.ff), fmt::format("{}", m.dsp), fmt::format("{}", m.bram)});
  return table.aligned();
}

std::string path_of(const hw::Placement& p) {
  if (p.path.empty()) return "";
  report::TextTable table{.headers = {"ns", "step", "signal", "layer"}, .rows = {}};
  for (const hw::Hop& hop : p.path)
    table.rows.push_back({fmt::format("{:.2f}", hop.delay_ns), hop.kind, engine::printable(hop.signal), hop.layer});
  return fmt::format("\nslowest path, {:.1f} ns, from {} to {}:\n{}", p.path_ns(),
                     engine::printable(p.path.front().signal), engine::printable(p.path.back().signal),
                     table.aligned());
}

std::string placement_of(const hw::Placement& p, const fs::path& log) {
  if (p.uses.empty()) return fmt::format("\n{}\nlog: {}\n", engine::printable(p.failure), log.string());
  std::string text = fmt::format("\n{} placed it on {}: ", p.placer, p.device);
  if (p.fmax_mhz) {
    text += fmt::format("{:.1f} MHz, {} the {:g} MHz asked for\n", *p.fmax_mhz,
                        p.meets_clock() ? "which meets" : "which DOES NOT MEET", p.clock_mhz);
  } else {
    text += p.failure + "\n";
  }
  report::TextTable table{.headers = {"cells", "used", "available", "%"}, .rows = {}};
  for (const hw::Placement::Use& use : p.uses)
    table.rows.push_back({use.kind, fmt::format("{}", use.used), fmt::format("{}", use.available),
                          fmt::format("{:.1f}", 100.0 * static_cast<double>(use.used) /
                                                    static_cast<double>(std::max<std::int64_t>(use.available, 1)))});
  return text + table.aligned() + path_of(p) + fmt::format("log: {}\n", log.string());
}

std::string report_of(const hw::Synthesis& s, const hw::Cost& model, const EarlierRun* before, const fs::path& log) {
  std::string text = table_of(s, model, before);
  const hw::Cost found{.lut = static_cast<double>(s.lut),
                       .ff = static_cast<double>(s.ff),
                       .dsp = static_cast<double>(s.dsp),
                       .bram = static_cast<double>(s.bram)};
  if (const std::string excess = hw::excess(found, s.target); !excess.empty())
    text += fmt::format("does NOT fit on {}: {}\n", hw::info(s.target).device, excess);
  text += "\n" + modules_of(s);
  if (s.placement) text += placement_of(*s.placement, log);
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
  const double clock = o.clock.value_or(rtl.manifest.core ? static_cast<double>(rtl.manifest.clock_mhz) : kBlockClock);
  hw::SynthesisOptions options{.dsp = !o.no_dsp};
  if (o.place) options.place = hw::PlacementOptions{.clock_mhz = clock, .seed = run.seed};
  const hw::Synthesis synthesis = hw::synthesize(rtl, target, options, engine::say);
  const fs::path log = fs::path(o.folder) / fmt::format("place-{}.log", o.target);
  if (synthesis.placement) engine::write_file(log, synthesis.placement->log);
  Json found = to_json(synthesis);
  const hw::Cost model = estimate(rtl, target, !o.no_dsp);
  found["model"] = {{"lut", model.lut}, {"ff", model.ff}, {"dsp", model.dsp}, {"bram", model.bram}};
  found["cycles"] = rtl.manifest.core ? model.cycles : rtl.manifest.interval;
  found["no_dsp"] = o.no_dsp;
  found["report"] = o.place;
  if (o.place) found["clock"] = clock;
  found["rtl"] = fmt::format("{:016x}", engine::content_hash(hw::to_text(rtl.manifest)));
  const Json line = found;
  const EarlierRun* before = last_like(runs, o, clock);
  if (before != nullptr) found["last_run"] = before->line;
  finish(found, report_of(synthesis, model, before, log));
  // Last, so that a full disk does not take away what was found.
  if (::access(o.folder.c_str(), W_OK) == 0) {
    remember(file, runs, line);
  } else {  // somebody else's
    engine::say(fmt::format("{}: cannot be written: the next run has nothing to compare with", o.folder));
  }
}

}  // namespace ingot::pipeline
