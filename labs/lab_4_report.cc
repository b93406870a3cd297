// The report of lab 4: times of simulations, areas, and what was asked of the designs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <span>

#include "engine/io/saved.h"
#include "hw/synthesis/area.h"
#include "labs/lab.h"
#include "labs/lab_4.h"
#include "labs/report.h"
#include "report/text_table.h"

namespace ingot::labs {
namespace fs = std::filesystem;
namespace {

using engine::Json;
using engine::Saved;

// A design on a chip: its area, as Yosys and nextpnr found it and as ingot's model says, and what its netlist did.
struct DesignArea {
  double lut, ff, dsp, bram;
  std::optional<double> fmax_mhz;
  double model_lut, model_ff, model_bram;
  // Nothing in results of an earlier version.
  std::optional<std::int64_t> netlist_beats;
  bool netlist_equal = true;
};

// A design that is done: what its commands `emit`, `simulate` and `synth` gave.
struct DoneDesign {
  const Row* row;
  Json json;  // of its row in the lab's result.json
  std::int64_t vectors, beats, cycles, simulated_ns;
  bool equal, has_multipliers;
  double build_seconds, simulation_seconds;  // the best of its rounds
  // Measured without stalls; icarus measures none.
  std::optional<double> latency_cycles, interval_cycles, utilisation;
  std::map<std::string, DesignArea> areas;  // by target
  const TimedDesign* timed = nullptr;       // its reference; null: there is none
  double cycles_per_second() const { return static_cast<double>(cycles) / simulation_seconds; }
  double wall_seconds() const { return build_seconds + simulation_seconds; }
};

DesignArea area_from(const Saved& synthesis) {
  const Saved model = synthesis.object("model");
  return {.lut = synthesis.get<double>("lut"),
          .ff = synthesis.get<double>("ff"),
          .dsp = synthesis.get<double>("dsp"),
          .bram = synthesis.get<double>("bram"),
          .fmax_mhz = synthesis.find<double>("fmax_mhz"),
          .model_lut = model.get<double>("lut"),
          .model_ff = model.get<double>("ff"),
          .model_bram = model.get<double>("bram"),
          .netlist_beats = {}};
}

// Takes the best times of the rounds that compared the timed designs in turns.
void improve(DoneDesign& design, const Results& results) {
  for (const TimedDesign& timed : kTimedDesigns) {
    if (design.row->name == timed.name) design.timed = &timed;
  }
  if (design.timed == nullptr) return;
  design.json["reference"] = {{"build_seconds", design.timed->reference_build},
                              {"wall_seconds", design.timed->reference_wall}};
  const auto timing = results.find(kTimingRow);
  if (timing == results.end()) return;
  const Saved again = Saved(timing->second.json, kTimingRow).object(design.row->name);
  design.build_seconds = std::min(design.build_seconds, again.get<double>("build_seconds"));
  design.simulation_seconds = std::min(design.simulation_seconds, again.get<double>("simulation_seconds"));
  design.json["simulation"].update({{"build_seconds", design.build_seconds},
                                    {"simulation_seconds", design.simulation_seconds},
                                    {"cycles_per_second", design.cycles_per_second()},
                                    {"rounds", 1 + again.get<int>("rounds")}});
}

// Of what its commands gave, or of a row of a result.json.
DoneDesign design_from(const Row& row, const Saved& saved) {
  const Saved simulation = saved.object("simulation");
  DoneDesign design{.row = &row,
                    .json = Json::object(),
                    .vectors = simulation.get<std::int64_t>("vectors"),
                    .beats = simulation.get<std::int64_t>("beats"),
                    .cycles = simulation.get<std::int64_t>("cycles"),
                    .simulated_ns = simulation.get<std::int64_t>("simulated_ns"),
                    .equal = simulation.get<bool>("equal"),
                    .has_multipliers = saved.object("emit").find<double>("multipliers").value_or(0) > 0,
                    .build_seconds = simulation.get<double>("build_seconds"),
                    .simulation_seconds = simulation.get<double>("simulation_seconds"),
                    .latency_cycles = simulation.find<double>("latency_cycles"),
                    .interval_cycles = simulation.find<double>("interval_cycles"),
                    .utilisation = simulation.find<double>("utilisation"),
                    .areas = {}};
  const Saved synthesis = saved.object("synthesis");
  for (const auto& [target, found] : synthesis.json().items())
    design.areas.emplace(target, area_from({found, row.name + ": synthesis for " + target}));
  if (!saved.has("netlists")) return design;
  for (auto& [target, area] : design.areas) {
    const Saved netlist = saved.object("netlists").object(target);
    area.netlist_beats = netlist.get<std::int64_t>("beats");
    area.netlist_equal = netlist.get<bool>("equal");
  }
  return design;
}

// Nothing of a row that is not done, or is no design: such rows have no "simulation".
std::optional<DoneDesign> design_of(const ReportedRow& row, const Results& results) {
  if (row.result == nullptr) return std::nullopt;
  const Saved saved(row.result->json, row.row.name);
  if (!saved.has("simulation")) return std::nullopt;
  DoneDesign design = design_from(row.row, saved);
  design.json = as_json(row);
  design.json.update(row.result->json);
  improve(design, results);
  return design;
}

std::string number(const std::optional<double>& value, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value) : "";
}

report::TextTable simulations(std::span<const DoneDesign> designs) {
  report::TextTable table{.headers = {"design", "vectors", "beats", "equal", "latency", "cycles a vector", "busy %",
                                      "build s", "MASE build s", "M cycles/s", "simulated ns", "wall s", "MASE wall s"},
                          .rows = {},
                          .title = "simulations"};
  for (const DoneDesign& d : designs) {
    table.rows.push_back({d.row->title, std::to_string(d.vectors), std::to_string(d.beats), d.equal ? "yes" : "NO",
                          number(d.latency_cycles, "{:.0f}"), number(d.interval_cycles, "{:.4g}"),
                          d.has_multipliers && d.utilisation ? fmt::format("{:.1f}", 100 * *d.utilisation) : "",
                          fmt::format("{:.2f}", d.build_seconds),
                          d.timed != nullptr ? fmt::format("{:.1f}", d.timed->reference_build) : "",
                          fmt::format("{:.2f}", d.cycles_per_second() / 1e6), std::to_string(d.simulated_ns),
                          fmt::format("{:.2f}", d.wall_seconds()),
                          d.timed != nullptr ? fmt::format("{:.1f}", d.timed->reference_wall) : ""});
  }
  return table;
}

report::TextTable areas(std::span<const DoneDesign> designs) {
  report::TextTable table{.headers = {"design", "target", "LUT of the family", "FF", "DSP", "BRAM", "MHz, placed",
                                      "model LUT", "model FF", "model BRAM", "beats of the netlist", "equal"},
                          .rows = {},
                          .title = "areas"};
  for (const DoneDesign& design : designs) {
    for (const auto& [target, a] : design.areas) {
      std::vector<std::string> cells{design.row->title, target};
      for (const double n : {a.lut, a.ff, a.dsp, a.bram}) cells.push_back(fmt::format("{:.0f}", n));
      cells.push_back(number(a.fmax_mhz, "{:.1f}"));
      for (const double n : {a.model_lut, a.model_ff, a.model_bram}) cells.push_back(fmt::format("{:.0f}", n));
      cells.push_back(a.netlist_beats ? std::to_string(*a.netlist_beats) : "");
      cells.push_back(!a.netlist_beats ? "" : a.netlist_equal ? "yes" : "NO");
      table.rows.push_back(std::move(cells));
    }
  }
  table.n_left = 2;
  return table;
}

// What hw/passes/metadata says of each layer.
report::TextTable metadata_of(const DoneDesign& design) {
  report::TextTable table{.headers = {"layer", "tool-chain", "module", "parallelism", "storage", "parameters"},
                          .rows = {}};
  const Saved result(design.json, design.row->name);
  for (const Saved& node : result.object("emit").object("metadata").objects("nodes")) {
    const Saved hardware = node.object("hardware");
    std::vector<std::string> stored, parameters;
    for (const auto& [name, how] : hardware.object("interface").json().items()) {
      const Saved where(how, name);
      stored.push_back(
          fmt::format("{}: {}", name, where.get<std::string>(where.has("storage") ? "storage" : "protocol")));
    }
    for (const auto& [name, value] : hardware.object("verilog_param").json().items())
      parameters.push_back(fmt::format("{} {}", name, value.dump()));
    table.rows.push_back({node.get<std::string>("name"), hardware.get<std::string>("toolchain"),
                          hardware.get<std::string>("module"),
                          fmt::format("{}", fmt::join(hardware.get<std::vector<std::int64_t>>("parallelism"), " x ")),
                          fmt::format("{}", fmt::join(stored, ", ")), fmt::format("{}", fmt::join(parameters, ", "))});
  }
  table.n_left = 6;
  return table;
}

struct Bound {
  std::string text;
  std::optional<bool> met;  // nothing: its designs are not done
};

// What was asked of the lab's designs.
class Bounds {
 public:
  // `designs`: those that are done.
  Bounds(std::span<const DoneDesign> designs, bool is_whole) : designs_(designs) {
    const bool equal = std::all_of(designs.begin(), designs.end(), [](const DoneDesign& d) {
      return d.equal &&
             std::all_of(d.areas.begin(), d.areas.end(), [](const auto& a) { return a.second.netlist_equal; });
    });
    all_.push_back({"every beat of every design and of its netlists equal",
                    is_whole || !equal ? std::optional(equal) : std::nullopt});
    at_most("xc7 LUT", "relu", area("relu", "xilinx", &DesignArea::lut), 200);
    at_most("xc7 FF", "relu", area("relu", "xilinx", &DesignArea::ff), 300);
    at_most("xc7 DSP", "relu", area("relu", "xilinx", &DesignArea::dsp), 16);
    at_most("ecp5 LUT", "relu", area("relu", "ecp5", &DesignArea::lut), 700);
    at_least("hx8k MHz", "relu", fmax("relu", "ice40"), 80);
    at_most("latency", "relu", of("relu", [](const DoneDesign& d) { return d.latency_cycles; }), 6);
    at_least("multipliers busy %", "relu",
             of("relu",
                [](const DoneDesign& d) { return d.utilisation ? std::optional(100 * *d.utilisation) : std::nullopt; }),
             95);
    for (const TimedDesign& timed : kTimedDesigns) {
      const DoneDesign* design = find(timed.name);
      const std::string title = design == nullptr ? timed.name : design->row->title;
      at_most(title + " build s", timed.name, of(timed.name, [](const DoneDesign& d) { return d.build_seconds; }), 3);
      at_least(title + " M cycles/s", timed.name,
               of(timed.name, [](const DoneDesign& d) { return d.cycles_per_second() / 1e6; }), 2);
    }
    const auto relu = of("relu", &DoneDesign::wall_seconds), rrelu = of("rrelu-lab", &DoneDesign::wall_seconds);
    at_most("RReLU over ReLU", relu ? "rrelu-lab" : "relu",
            relu && rrelu ? std::optional(*rrelu / *relu) : std::nullopt, 1.1);
  }

  const std::vector<Bound>& all() const { return all_; }

 private:
  const DoneDesign* find(const std::string& name) const {
    const auto found =
        std::find_if(designs_.begin(), designs_.end(), [&](const auto& d) { return d.row->name == name; });
    return found == designs_.end() ? nullptr : &*found;
  }

  // A figure of the design; nothing as long as it is not done or not measured.
  template <class Figure>
  std::optional<double> of(const char* name, Figure figure) const {
    const DoneDesign* design = find(name);
    return design == nullptr ? std::nullopt : std::optional<double>(std::invoke(figure, *design));
  }

  const DesignArea* area_on(const char* name, const char* target) const {
    const DoneDesign* design = find(name);
    if (design == nullptr) return nullptr;
    const auto found = design->areas.find(target);
    return found == design->areas.end() ? nullptr : &found->second;
  }

  std::optional<double> area(const char* name, const char* target, double DesignArea::*figure) const {
    const DesignArea* found = area_on(name, target);
    return found == nullptr ? std::nullopt : std::optional(found->*figure);
  }

  std::optional<double> fmax(const char* name, const char* target) const {
    const DesignArea* found = area_on(name, target);
    return found == nullptr ? std::nullopt : found->fmax_mhz;
  }

  void add(const std::string& what, const char* relation, const char* design, std::optional<double> value, double bound,
           bool is_met) {
    const std::string shown = value ? fmt::format("{:.4g}", *value) : "(not measured)";
    const bool is_done = find(design) != nullptr;
    all_.push_back(
        {fmt::format("{} {} {} {:.4g}", what, shown, relation, bound), is_done ? std::optional(is_met) : std::nullopt});
  }

  void at_most(const std::string& what, const char* design, std::optional<double> value, double bound) {
    add(what, "<=", design, value, bound, value && *value <= bound);
  }

  void at_least(const std::string& what, const char* design, std::optional<double> value, double bound) {
    add(what, ">=", design, value, bound, value && *value >= bound);
  }

  std::span<const DoneDesign> designs_;
  std::vector<Bound> all_;
};

std::string area_note() {
  std::string note = "- LUT of the family:";
  for (const hw::Target target : hw::kTargets) note += fmt::format(" {} {};", hw::name(target), hw::lut_title(target));
  return note + " the model is linear in features of shapes (hw/modules/linear_cost.h).\n";
}

std::string metadata_section(std::span<const DoneDesign> designs) {
  for (const DoneDesign& design : designs) {
    if (design.row->name == "relu-full-range")
      return "\n## Metadata of the ReLU design\n\n" + metadata_of(design).markdown();
  }
  return "";
}

std::string waveform_section(const std::map<std::string, fs::path>& pictures) {
  std::string section;
  for (const char* name : {"published-relu", "published-rrelu", "relu", "rrelu-lab"}) {
    if (pictures.contains(fmt::format("waveform-{}.svg", name)))
      section += fmt::format("![{0}](waveform-{0}.svg)\n", name);
  }
  return section.empty() ? "" : "\n## Waveforms\n\n" + section;
}

}  // namespace

std::vector<report::TextTable> tables_4(const Json& rows) {
  std::list<Row> named;  // designs point to theirs
  std::vector<DoneDesign> designs;
  const Json result{{"rows", rows}};
  for (const Saved& saved : Saved(result, "result.json").objects("rows")) {
    if (!saved.has("simulation")) continue;
    named.push_back({.name = saved.get<std::string>("name"), .title = saved.get<std::string>("title"), .commands = {}});
    designs.push_back(design_from(named.back(), saved));
    improve(designs.back(), {});
  }
  std::vector<report::TextTable> tables;
  for (report::TextTable& table : std::vector{simulations(designs), areas(designs)}) {
    if (!table.rows.empty()) tables.push_back(std::move(table));
  }
  return tables;
}

LabReport report_4(const LabRun& run, const std::map<std::string, std::string>& failures) {
  const Results results = run.folder.results(run.rows);
  LabReport report;
  report.rows = Json::array();
  const std::vector<ReportedRow> rows = reported_rows(run, results, failures);
  std::vector<DoneDesign> designs;
  for (const ReportedRow& row : rows) {
    std::optional<DoneDesign> design = design_of(row, results);
    report.rows.push_back(design ? design->json : as_json(row));
    if (!design) continue;
    designs.push_back(std::move(*design));
    const fs::path figure = run.folder.row_folder(row.row.name) / "simulation" / "waveform.svg";
    if (fs::exists(figure)) report.pictures[fmt::format("waveform-{}.svg", row.row.name)] = figure;
  }
  const report::TextTable times = simulations(designs), sizes = areas(designs);
  for (const report::TextTable* table : {&times, &sizes}) {
    if (!table->rows.empty()) report.text += table->aligned() + "\n";
  }
  report.markdown = fmt::format("# Lab 4: a Linear layer and its activation in hardware\n\n{}\n{}\n## Bounds\n\n",
                                times.markdown(), sizes.markdown());
  report.more["bounds"] = Json::array();
  const Bounds bounds(designs, results.size() == run.rows.size());
  for (const Bound& bound : bounds.all()) {
    const std::string line = fmt::format("{}: {}\n",
                                         !bound.met   ? "not done yet"
                                         : *bound.met ? "met"
                                                      : "NOT met",
                                         bound.text);
    report.text += line;
    report.markdown += "- " + line;
    report.more["bounds"].push_back({{"asked", bound.text}, {"met", bound.met ? Json(*bound.met) : Json()}});
  }
  const std::string states = states_text(rows);
  report.text += states;
  report.markdown += metadata_section(designs) + waveform_section(report.pictures) + "\n" + area_note();
  for (const std::string& note : notes_4()) report.markdown += "- " + note + "\n";
  report.markdown += as_list(states);
  return report;
}

}  // namespace ingot::labs
