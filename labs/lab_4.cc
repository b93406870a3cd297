// Lab 4: a Linear layer with an activation as hardware: metadata, Verilog, simulation, synthesis.
//
// The question: does emitted hardware compute what the engine computes, what does it take on a chip, and how long does
// the way there take beside MASE's flow? A row is a design that is emitted, simulated and synthesised.
//
// The small designs repeat MASE's network with several activations. With --from, blocks of a trained model follow, fed
// with the numbers that real texts give. Only cost and time are measured, so this lab has a table of designs of its own
// instead of the rows of labs/row.h. Times are those of several rounds, since a busy machine disturbs a single one.
#include <fmt/format.h>

#include <optional>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "hw/synthesis/area.h"
#include "labs/lab.h"
#include "labs/typed.h"
#include "pipeline/model_folder.h"
#include "report/text_table.h"

namespace ingot::labs {
namespace fs = std::filesystem;
namespace {

using engine::Json;
using engine::require;
using engine::say;

// A design: what is emitted, and which chips it is synthesised for.
struct Design {
  std::string name, title;
  std::string model;                               // text of a model file; empty: a block of the trained model
  std::string emit;                                // further words of emit
  bool real_vectors = false;                       // simulated with those in the folder, not with random ones
  std::vector<std::string> targets;                // words of synth
  double reference_build = 0, reference_wall = 0;  // seconds that MASE's flow took
};

// Linear(4 -> 8) in 8 bits of which 3 are fraction, and an activation. Weights are drawn as PyTorch draws them, which
// takes the codes from -4 to 4, or `draw` says how.
std::string mlp(const std::string& activation, const std::string& rounding = ",floor", const std::string& draw = "") {
  return fmt::format(R"toml(name = "mlp"
input = "fixed(8,3)"
{2}
[[layers]]
name = "fc1"
type = "linear"
inputs = 4
outputs = 8
weight = "fixed(8,3)"
bias = "fixed(8,3)"
output = "fixed(8,3{0})"
[[layers]]
name = "act"
{1}
)toml",
                     rounding, activation, draw);
}

// The activation alone, with the beats that the published waveforms show before it.
std::string published(const std::string& activation) {
  return fmt::format(R"toml(name = "published"
input = "fixed(8,3,floor)"
vectors = [[-8, -3, -2, -2, 0, 1, 6, 0]]
[[layers]]
name = "act"
size = 8
{0}
)toml",
                     activation);
}

std::vector<Design> small_designs() {
  const std::vector<std::string> all{"xilinx", "ecp5", "ice40 --report"}, one{"xilinx"};
  const std::string lanes = "--parallelism 4";
  return {
      {"relu-full-range", "ReLU, weights of all 8-bit codes", mlp("type = \"relu\"", ",floor", "draw = \"all_codes\""),
       lanes, false, all},
      {"relu", "ReLU, weights within +-4 codes", mlp("type = \"relu\""), lanes, false, all, 24.0, 53.2},
      {"rrelu-lab", "RReLU, the lab's slopes", mlp("type = \"rrelu_lab\""), lanes, false, all, 262.0, 290.4},
      {"rrelu", "RReLU as at inference", mlp("type = \"rrelu\""), lanes, false, one},
      {"rrelu-uniform", "RReLU, uniform slopes", mlp("type = \"rrelu_uniform\""), lanes, false, one},
      {"leaky-relu", "leaky ReLU, slope 1/8", mlp("type = \"leaky_relu\"\nslope = 0.125"), lanes, false, one},
      {"relu-half-even", "ReLU, rounded to even", mlp("type = \"relu\"", ""), lanes, false, one},
      {"gelu", "GELU by table", mlp("type = \"gelu\""), lanes, false, one},
      {"published-relu", "published beats, ReLU", published("type = \"relu\""), lanes, true, {}},
      {"published-rrelu", "published beats, RReLU", published("type = \"rrelu_lab\""), lanes, true, {}},
  };
}

std::vector<Design> model_designs() {
  std::vector<Design> designs;
  for (const int lanes : {4, 8}) {
    designs.push_back({.name = fmt::format("ffn-{}", lanes),
                       .title = fmt::format("feed-forward block of the model, {0} x {0}", lanes),
                       .emit = fmt::format("--block ffn.0 --parallelism {}", lanes),
                       .real_vectors = true,
                       .targets = {"xilinx"}});
  }
  return designs;
}

Json result_in(const fs::path& file) { return engine::parse_json(engine::read_file(file), file.string()); }

class Lab4 {
 public:
  explicit Lab4(const LabRequest& request) : request_(request), out_(request.out) {}

  LabResult run() {
    std::vector<Design> designs = small_designs();
    if (!request_.from.empty()) {
      require(!request_.data.empty(), "--from: its layers are simulated on real texts; give --data");
      for (const Design& design : model_designs()) designs.push_back(design);
      prepare_model();
    }
    fs::create_directories(out_ / "designs");
    Json rows = Json::array();
    for (const Design& design : designs) rows.push_back(row(design));
    for (int round = 1; round < kRounds; ++round) {
      for (Json& row : rows) time_again(row);
    }
    return report(rows);
  }

 private:
  void type(const std::vector<std::string>& words) {
    std::vector<std::string> all = words;
    if (request_.quiet) all.emplace_back("--quiet");
    typed_.push_back(command_line(words));
    say("$ " + command_line(words));
    const OutputAside aside(true);
    require(request_.run_command(all) == 0, "{}: did not work", words[0]);
  }

  std::vector<std::string> words(const std::string& text) { return words_of(text, {}); }

  // A model whose layers are integers from end to end.
  void prepare_model() {
    const fs::path folder = pipeline::resolve_model_folder(request_.from);
    const bool quantised = fs::exists(folder / "compression.json");
    model_ = quantised ? request_.from : (out_ / "quantized").string();
    if (quantised || fs::exists(out_ / "quantized" / "result.json")) return;
    std::vector<std::string> command{"quantize",  request_.from, "--data", request_.data, "--width", "8",
                                     "--outputs", "8",           "--seed", seed(),        "--out",   model_};
    command.insert(command.end(), request_.reading.begin(), request_.reading.end());
    type(command);
  }

  std::string seed() const { return std::to_string(request_.seed); }

  void emit(const Design& design, const fs::path& folder) {
    std::vector<std::string> command{"emit"};
    if (design.model.empty()) {
      command.insert(command.end(), {model_, "--data", request_.data, "--activations", "100"});
      command.insert(command.end(), request_.reading.begin(), request_.reading.end());
    } else {
      const fs::path file = out_ / "designs" / (design.name + ".toml");
      engine::write_file(file, design.model);
      command.push_back(file.string());
    }
    for (const std::string& word : words(design.emit)) command.push_back(word);
    command.insert(command.end(), {"--seed", seed(), "--out", folder.string()});
    type(command);
  }

  void simulate(const Design& design, const fs::path& folder) {
    std::vector<std::string> command{"simulate", folder.string(), "--seed", seed(), "--trace", "64"};
    if (design.real_vectors) command.insert(command.end(), {"--activations", "--vectors", "1000000"});
    type(command);
    const fs::path figure = folder / "simulation" / "waveform.svg";
    if (fs::exists(figure))
      engine::write_file(out_ / fmt::format("waveform-{}.svg", design.name), engine::read_file(figure));
  }

  Json row(const Design& design) {
    const fs::path folder = out_ / "designs" / design.name;
    typed_.clear();
    emit(design, folder);
    simulate(design, folder);
    Json result{{"name", design.name}, {"title", design.title}, {"emit", result_in(folder / "result.json")}};
    result["simulation"] = result_in(folder / "simulation" / "result.json");
    result["synthesis"] = Json::object();
    for (const std::string& target : design.targets) {
      std::vector<std::string> command{"synth", folder.string(), "--target"};
      for (const std::string& word : words(target)) command.push_back(word);
      type(command);
      const Json run = last_synthesis(folder);
      result["synthesis"][run["target"].get<std::string>()] = run;
    }
    if (design.reference_build > 0)
      result["reference"] = {{"build_seconds", design.reference_build}, {"wall_seconds", design.reference_wall}};
    result["typed"] = typed_;
    return result;
  }

  // Designs that are compared in time are built and simulated in turns, the best of which count.
  void time_again(Json& row) {
    if (!row.contains("reference")) return;
    const fs::path folder = out_ / "designs" / row["name"].get<std::string>(), again = folder / "simulation-again";
    type({"simulate", folder.string(), "--seed", seed(), "--out", again.string()});
    const Json result = result_in(again / "result.json");
    Json& best = row["simulation"];
    for (const char* key : {"build_seconds", "simulation_seconds"})
      best[key] = std::min(best[key].get<double>(), result[key].get<double>());
    best["cycles_per_second"] = best["cycles"].get<double>() / best["simulation_seconds"].get<double>();
    best["rounds"] = best.value("rounds", 1) + 1;
  }

  static Json last_synthesis(const fs::path& folder) {
    const std::string text = engine::read_file(folder / "synth.jsonl");
    const std::size_t begin = text.rfind('\n', text.size() - 2);
    return engine::parse_json(text.substr(begin == std::string::npos ? 0 : begin + 1), "synth.jsonl");
  }

  static std::string number(const Json& object, const char* key, const char* format) {
    return object.contains(key) ? fmt::format(fmt::runtime(format), object[key].get<double>()) : "";
  }

  static report::TextTable simulations(const Json& rows) {
    report::TextTable table{
        .headers = {"design", "vectors", "beats", "equal", "latency", "cycles a vector", "busy %", "build s",
                    "MASE build s", "M cycles/s", "simulated ns", "wall s", "MASE wall s"},
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

  static report::TextTable areas(const Json& rows) {
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

  static report::TextTable metadata(const Json& design) {
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
      table.rows.push_back(
          {node["name"].get<std::string>(), hardware["toolchain"].get<std::string>(),
           hardware["module"].get<std::string>(),
           fmt::format("{} x {}", hardware["parallelism"][0].dump(), hardware["parallelism"][1].dump()),
           fmt::format("{}", fmt::join(stored, ", ")), fmt::format("{}", fmt::join(parameters, ", "))});
    }
    table.n_left = 6;
    return table;
  }

  struct Bound {
    std::string text;
    bool met;
  };

  // What was asked of the lab's designs.
  static std::vector<Bound> bounds(const Json& rows) {
    const auto find = [&](const char* name) -> const Json& {
      for (const Json& row : rows) {
        if (row["name"] == name) return row;
      }
      engine::fail("lab 4: no design {}", name);
    };
    const Json &relu = find("relu"), &rrelu = find("rrelu-lab");
    const auto at = [](const Json& object, const char* a, const char* b, const char* c) {
      return object.at(a).at(b).at(c).get<double>();
    };
    bool equal = true;
    for (const Json& row : rows) equal = equal && row["simulation"]["equal"] == true;
    std::vector<Bound> all{{"every beat of every design equal", equal}};
    const auto shown = [](std::optional<double> value) {
      return value ? fmt::format("{:.4g}", *value) : std::string("(not measured)");
    };
    const auto at_most = [&](const std::string& what, std::optional<double> value, double bound) {
      all.push_back({fmt::format("{} {} <= {:.4g}", what, shown(value), bound), value && *value <= bound});
    };
    const auto at_least = [&](const std::string& what, std::optional<double> value, double bound) {
      all.push_back({fmt::format("{} {} >= {:.4g}", what, shown(value), bound), value && *value >= bound});
    };
    const auto measured = [](const Json& object, const char* key, double scale = 1) {
      return object.contains(key) ? std::optional(scale * object[key].get<double>()) : std::nullopt;
    };
    at_most("xc7 LUT", at(relu, "synthesis", "xilinx", "lut"), 200);
    at_most("xc7 FF", at(relu, "synthesis", "xilinx", "ff"), 300);
    at_most("xc7 DSP", at(relu, "synthesis", "xilinx", "dsp"), 16);
    at_most("ecp5 LUT", at(relu, "synthesis", "ecp5", "lut"), 700);
    at_least("hx8k MHz", measured(relu["synthesis"]["ice40"], "fmax_mhz"), 80);
    at_most("latency", measured(relu["simulation"], "latency_cycles"), 6);
    at_least("multipliers busy %", measured(relu["simulation"], "utilisation", 100), 95);
    for (const Json* row : {&relu, &rrelu}) {
      const Json& s = (*row)["simulation"];
      const std::string title = (*row)["title"].get<std::string>();
      at_most(title + " build s", s["build_seconds"].get<double>(), 3);
      at_least(title + " M cycles/s", s["cycles_per_second"].get<double>() / 1e6, 2);
    }
    const auto wall = [](const Json& row) {
      return row["simulation"]["build_seconds"].get<double>() + row["simulation"]["simulation_seconds"].get<double>();
    };
    at_most("RReLU over ReLU", wall(rrelu) / wall(relu), 1.1);
    return all;
  }

  LabResult report(const Json& rows) {
    const std::vector<Bound> asked = bounds(rows);
    const report::TextTable tables[] = {simulations(rows), areas(rows)};
    std::string text = tables[0].aligned() + "\n" + tables[1].aligned() + "\n";
    std::string page =
        fmt::format("# Lab 4: {}\n\n{}\n{}\n## Bounds\n\n", kTitle, tables[0].markdown(), tables[1].markdown());
    Json list = Json::array();
    for (const Bound& bound : asked) {
      text += fmt::format("{}: {}\n", bound.met ? "met" : "NOT met", bound.text);
      page += fmt::format("- {}: {}\n", bound.met ? "met" : "NOT met", bound.text);
      list.push_back({{"asked", bound.text}, {"met", bound.met}});
    }
    page += "\n## Metadata of the ReLU design\n\n" + metadata(rows[0]).markdown();
    page += "\n## Waveforms\n\n";
    for (const char* name : {"published-relu", "published-rrelu", "relu", "rrelu-lab"})
      page += fmt::format("![{0}](waveform-{0}.svg)\n", name);
    page += "\n- LUT of the family:";
    for (const hw::Target target : hw::kTargets)
      page += fmt::format(" {} {};", hw::name(target), hw::lut_title(target));
    page +=
        " the model is linear in features of shapes (hw/passes/cost.h).\n- Weights within +-4 codes: drawn as PyTorch "
        "draws "
        "them, uniform over +-1/2, in steps of 1/8.";
    page +=
        "\n- MASE's figures are those published for the same network: its flow builds with cocotb and Verilator, and "
        "its "
        "test compares the number of beats only; it simulated 280 ns.\n- Here every beat is compared with the engine's "
        "integers. Random "
        "vectors "
        "run with random gaps and stalls and resets in between; published beats are [-8,-3,-2,-2], [0,1,6,0] before "
        "the "
        "activation.\n";
    engine::write_file(out_ / "table.md", page);
    return {{{"lab", "4"}, {"title", kTitle}, {"rows", rows}, {"bounds", list}},
            text + fmt::format("{}: table.md, result.json, waveform-*.svg\n", out_.string())};
  }

  static constexpr int kRounds = 10;
  static constexpr const char* kTitle = "a Linear layer and its activation in hardware";

  const LabRequest& request_;
  fs::path out_;
  std::string model_;
  std::vector<std::string> typed_;
};

}  // namespace

LabResult run_lab_4(const LabRequest& request) { return Lab4(request).run(); }

}  // namespace ingot::labs
