// Lab 4: a Linear layer with an activation as hardware: metadata, Verilog, simulation, synthesis.
//
// The question: does emitted hardware compute what the engine computes, what does it take on a chip, and how long does
// the way there take beside MASE's flow? A row is a design that is emitted, simulated and synthesised; then what
// synthesis left of it for each chip is simulated too.
//
// The small designs repeat MASE's network with several activations. With --from, blocks of a trained model follow, fed
// with the numbers that real texts give. Only cost and time are measured, so these rows
// assemble a result of their own (Row::assemble), and the report is lab_4_report.cc. Times are those of several rounds,
// since a busy machine disturbs a single one; the row "timing" makes them of two designs in turns.
#include "labs/lab_4.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/io/json.h"
#include "labs/lab.h"

namespace ingot::labs {
namespace {

using engine::Json;

constexpr int kMoreRounds = 9;       // of the simulations that are compared in time
constexpr int kNetlistVectors = 20;  // of a block of the model: its netlists are slow

// A design: what is emitted, and which chips it is synthesised for.
struct Design {
  std::string name, title;
  std::string model;                 // text of a model file; empty: a block of the trained model
  std::string emit;                  // further words of emit
  bool real_vectors = false;         // simulated with those in the folder, not with random ones
  std::vector<std::string> targets;  // words of synth
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
      {"relu", "ReLU, weights within +-4 codes", mlp("type = \"relu\""), lanes, false, all},
      {"rrelu-lab", "RReLU, the lab's slopes", mlp("type = \"rrelu_lab\""), lanes, false, all},
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

// emit, simulate, then for each target synth and a simulation of the netlist.
Json design_result(std::span<const Json> results) {
  Json result{
      {"emit", results[0]}, {"simulation", results[1]}, {"synthesis", Json::object()}, {"netlists", Json::object()}};
  for (Json each : results.subspan(2)) {
    each.erase("last_run");  // of an earlier attempt at the row
    const bool is_netlist = each.contains("netlist");
    const std::string target = (is_netlist ? each["netlist"] : each)["target"];
    result[is_netlist ? "netlists" : "synthesis"][target] = each;
  }
  return result;
}

// The least times of each timed design.
Json timing_result(std::span<const Json> results) {
  Json best = Json::object();
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto [design, is_new] =
        best.items().try_emplace(kTimedDesigns[i % std::size(kTimedDesigns)].name, Json{{"rounds", 0}});
    Json& least = design->second;
    for (const char* key : {"build_seconds", "simulation_seconds"}) {
      const double seconds = results[i][key].get<double>();
      least[key] = is_new ? seconds : std::min(seconds, least[key].get<double>());
    }
    least["rounds"] = least["rounds"].get<int>() + 1;
  }
  return best;
}

// `model`: the stand-in of the folder that blocks are taken from.
Row row_of(const Design& design, const std::string& model) {
  Row row{.name = design.name,
          .title = design.title,
          .commands = {design.model.empty() ? "emit " + model + " --data {data} --activations 100 " : "emit {plan} "},
          .plan = design.model,
          .assemble = design_result};
  row.commands[0] += design.emit + " --seed {seed} --out {here}";
  row.commands.push_back(std::string("simulate {here} --seed {seed} --trace 64") +
                         (design.real_vectors ? " --activations --vectors 1000000" : ""));
  for (const std::string& words : design.targets) {
    const std::string target = words.substr(0, words.find(' '));
    row.commands.push_back("synth {here} --target " + words);
    row.commands.push_back("simulate {here} --netlist " + target +
                           (design.real_vectors && design.model.empty()
                                ? fmt::format(" --activations --vectors {}", kNetlistVectors)
                                : "") +
                           " --seed {seed} --out {here}/netlist-" + target);
  }
  return row;
}

Row timing_row() {
  Row row{.name = kTimingRow, .title = "simulated in turns", .commands = {}, .assemble = timing_result};
  for (int round = 0; round < kMoreRounds; ++round) {
    for (const TimedDesign& design : kTimedDesigns)
      row.commands.push_back(fmt::format("simulate {{{0}}} --seed {{seed}} --out {{here}}/{0}", design.name));
  }
  return row;
}

}  // namespace

std::vector<Row> rows_4(const Setup& setup) {
  std::vector<Row> rows;
  for (const Design& design : small_designs()) rows.push_back(row_of(design, ""));
  rows.push_back(timing_row());
  if (!setup.from_given) return rows;
  if (!setup.from_compressed) {  // a model whose layers are integers from end to end
    rows.push_back({.name = "quantized",
                    .title = "the model in 8 bits",
                    .commands = {"quantize {from} --data {data} --width 8 --outputs 8 --seed {seed} --out {here}"}});
  }
  for (const Design& design : model_designs())
    rows.push_back(row_of(design, setup.from_compressed ? "{from}" : "{quantized}"));
  return rows;
}

std::vector<std::string> notes_4() {
  return {
      "Weights within +-4 codes: drawn as PyTorch draws them, uniform over +-1/2, in steps of 1/8.",
      "MASE's figures are those published for the same network: its flow builds with cocotb and Verilator, and its "
      "test compares the number of beats only; it simulated 280 ns.",
      "Here every beat is compared with the engine's integers. Random vectors run with random gaps and stalls and "
      "resets in between; published beats are [-8,-3,-2,-2], [0,1,6,0] before the activation.",
  };
}

}  // namespace ingot::labs
