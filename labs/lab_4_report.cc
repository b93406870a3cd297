// The report of lab 4: times of simulations, areas, and what was asked of the designs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "engine/io/json.h"
#include "hw/synthesis/area.h"
#include "labs/lab.h"
#include "labs/lab_4.h"
#include "labs/report.h"
#include "report/text_table.h"

namespace ingot::labs {
namespace fs = std::filesystem;
namespace {

using engine::Json;

// A design that is done, with the best times of its simulations: the other rows have no "simulation".
void add_result(Json& all, const Row& row, const Results& results) {
  const auto done = results.find(row.name);
  if (done == results.end() || !done->second.at("result").contains("simulation")) return;
  all.update(done->second["result"]);
  for (const TimedDesign& timed : kTimedDesigns) {
    if (row.name != timed.name) continue;
    all["reference"] = {{"build_seconds", timed.reference_build}, {"wall_seconds", timed.reference_wall}};
    const auto timing = results.find(kTimingRow);
    if (timing == results.end()) continue;
    const Json& again = timing->second.at("result").at(row.name);
    Json& best = all["simulation"];
    for (const char* key : {"build_seconds", "simulation_seconds"})
      best[key] = std::min(best[key].get<double>(), again[key].get<double>());
    best["cycles_per_second"] = best["cycles"].get<double>() / best["simulation_seconds"].get<double>();
    best["rounds"] = 1 + again["rounds"].get<int>();
  }
}

std::string number(const Json& object, const char* key, const char* format) {
  return object.contains(key) ? fmt::format(fmt::runtime(format), object[key].get<double>()) : "";
}

report::TextTable simulations(const Json& rows) {
  report::TextTable table{.headers = {"design", "vectors", "beats", "equal", "latency", "cycles a vector", "busy %",
                                      "build s", "MASE build s", "M cycles/s", "simulated ns", "wall s", "MASE wall s"},
                          .rows = {}};
  for (const Json& row : rows) {
    const Json &s = row["simulation"], reference = row.value("reference", Json::object());
    const double speed = s["cycles_per_second"].get<double>() / 1e6;
    const bool linear = row["emit"].value("multipliers", 0) > 0;
    table.rows.push_back(
        {row["title"].get<std::string>(), number(s, "vectors", "{:.0f}"), number(s, "beats", "{:.0f}"),
         s["equal"] == true ? "yes" : "NO", number(s, "latency_cycles", "{:.0f}"),
         number(s, "interval_cycles", "{:.4g}"),
         linear && s.contains("utilisation") ? fmt::format("{:.1f}", 100 * s["utilisation"].get<double>()) : "",
         number(s, "build_seconds", "{:.2f}"), number(reference, "build_seconds", "{:.1f}"),
         fmt::format("{:.2f}", speed), number(s, "simulated_ns", "{:.0f}"),
         fmt::format("{:.2f}", s["build_seconds"].get<double>() + s["simulation_seconds"].get<double>()),
         number(reference, "wall_seconds", "{:.1f}")});
  }
  return table;
}

report::TextTable areas(const Json& rows) {
  report::TextTable table{.headers = {"design", "target", "LUT of the family", "FF", "DSP", "BRAM", "MHz, placed",
                                      "model LUT", "model FF", "model BRAM"},
                          .rows = {}};
  for (const Json& row : rows) {
    for (const auto& [target, s] : row["synthesis"].items())
      table.rows.push_back({row["title"].get<std::string>(), target, number(s, "lut", "{:.0f}"),
                            number(s, "ff", "{:.0f}"), number(s, "dsp", "{:.0f}"), number(s, "bram", "{:.0f}"),
                            number(s, "fmax_mhz", "{:.1f}"), number(s["model"], "lut", "{:.0f}"),
                            number(s["model"], "ff", "{:.0f}"), number(s["model"], "bram", "{:.0f}")});
  }
  table.n_left = 2;
  return table;
}

report::TextTable metadata_of(const Json& design) {
  report::TextTable table{.headers = {"layer", "tool-chain", "module", "parallelism", "storage", "parameters"},
                          .rows = {}};
  for (const Json& node : design["emit"]["metadata"]["nodes"]) {
    const Json& hardware = node["hardware"];
    std::vector<std::string> stored, parameters;
    for (const auto& [name, how] : hardware["interface"].items())
      stored.push_back(fmt::format(
          "{}: {}", name,
          how.contains("storage") ? how["storage"].get<std::string>() : how["protocol"].get<std::string>()));
    for (const auto& [name, value] : hardware["verilog_param"].items())
      parameters.push_back(fmt::format("{} {}", name, value.dump()));
    table.rows.push_back({node["name"].get<std::string>(), hardware["toolchain"].get<std::string>(),
                          hardware["module"].get<std::string>(),
                          fmt::format("{} x {}", hardware["parallelism"][0].dump(), hardware["parallelism"][1].dump()),
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
  // `rows`: those of the designs that are done.
  Bounds(const Json& rows, bool is_whole) : rows_(rows) {
    bool equal = true;
    for (const Json& row : rows) equal = equal && row["simulation"]["equal"] == true;
    all_.push_back({"every beat of every design equal", is_whole || !equal ? std::optional(equal) : std::nullopt});
    at_most("xc7 LUT", "relu", area("relu", "xilinx", "lut"), 200);
    at_most("xc7 FF", "relu", area("relu", "xilinx", "ff"), 300);
    at_most("xc7 DSP", "relu", area("relu", "xilinx", "dsp"), 16);
    at_most("ecp5 LUT", "relu", area("relu", "ecp5", "lut"), 700);
    at_least("hx8k MHz", "relu", area("relu", "ice40", "fmax_mhz"), 80);
    at_most("latency", "relu", simulated("relu", "latency_cycles"), 6);
    at_least("multipliers busy %", "relu", simulated("relu", "utilisation", 100), 95);
    for (const TimedDesign& design : kTimedDesigns) {
      const Json* row = find(design.name);
      const std::string title = row == nullptr ? design.name : (*row)["title"].get<std::string>();
      at_most(title + " build s", design.name, simulated(design.name, "build_seconds"), 3);
      at_least(title + " M cycles/s", design.name, simulated(design.name, "cycles_per_second", 1e-6), 2);
    }
    const auto relu = wall("relu"), rrelu = wall("rrelu-lab");
    at_most("RReLU over ReLU", relu ? "rrelu-lab" : "relu",
            relu && rrelu ? std::optional(*rrelu / *relu) : std::nullopt, 1.1);
  }

  const std::vector<Bound>& all() const { return all_; }

 private:
  const Json* find(const std::string& name) const {
    for (const Json& row : rows_) {
      if (row["name"] == name) return &row;
    }
    return nullptr;
  }

  static std::optional<double> measured(const Json& object, const char* key, double scale = 1) {
    return object.contains(key) ? std::optional(scale * object[key].get<double>()) : std::nullopt;
  }

  std::optional<double> simulated(const char* design, const char* key, double scale = 1) const {
    const Json* row = find(design);
    return row == nullptr ? std::nullopt : measured((*row)["simulation"], key, scale);
  }

  std::optional<double> area(const char* design, const char* target, const char* key) const {
    const Json* row = find(design);
    return row == nullptr ? std::nullopt : measured((*row)["synthesis"][target], key);
  }

  std::optional<double> wall(const char* design) const {
    const auto build = simulated(design, "build_seconds"), run = simulated(design, "simulation_seconds");
    return build ? std::optional(*build + *run) : std::nullopt;
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

  const Json& rows_;
  std::vector<Bound> all_;
};

std::string area_note() {
  std::string note = "- LUT of the family:";
  for (const hw::Target target : hw::kTargets) note += fmt::format(" {} {};", hw::name(target), hw::lut_title(target));
  return note + " the model is linear in features of shapes (hw/modules/linear_cost.h).\n";
}

std::string metadata_section(const Json& designs) {
  for (const Json& design : designs) {
    if (design["name"] == "relu-full-range")
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

LabReport report_4(const LabRun& run, const std::map<std::string, std::string>& failures) {
  const Results results = run.folder.results(run.rows);
  LabReport report;
  report.rows = Json::array();
  Json designs = Json::array();
  for (const Row& row : run.rows) {
    Json all = state_as_json(row, run, results, failures);
    add_result(all, row, results);
    if (all.contains("simulation")) {
      designs.push_back(all);
      const fs::path figure = run.folder.row_folder(row.name) / "simulation" / "waveform.svg";
      if (fs::exists(figure)) report.pictures[fmt::format("waveform-{}.svg", row.name)] = figure;
    }
    report.rows.push_back(std::move(all));
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
  const std::string states = states_text(report.rows);
  report.text += states;
  report.markdown += metadata_section(designs) + waveform_section(report.pictures) + "\n" + area_note();
  for (const std::string& note : notes_4()) report.markdown += "- " + note + "\n";
  report.markdown += as_list(states);
  return report;
}

}  // namespace ingot::labs
