// What synthesis leaves of layers, for each family, against their graphs; and the models of cells that it is simulated
// with.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compress/integer/ops/linear.h"
#include "compress/integer/runner.h"
#include "compress/lower/model_file.h"
#include "engine/base/child.h"
#include "hw/emit/folder.h"
#include "hw/passes/parallelism.h"
#include "hw/simulation/verify.h"
#include "hw/synthesis/netlist.h"
#include "hw/tools.h"
#include "tests/rtl/batch.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace ingot::test {
namespace {

bool has_tools() {
  for (const auto& [program, package] : {std::pair("yosys", "yosys"), std::pair("verilator_bin", "verilator")}) {
    if (engine::find_program(program)) continue;
    MESSAGE("skipped: " << std::string(program) << " is missing: install the Debian package " << std::string(package));
    return false;
  }
  return true;
}

// A graph of one or two layers, from a few words: see the list below.
struct Shape {
  std::string name, input, layers, parallelism;
};

std::string linear(const std::string& name, int inputs, int outputs, const std::string& weight,
                   const std::string& out) {
  return fmt::format(
      "[[layers]]\nname = \"{0}\"\ntype = \"linear\"\n{1}outputs = {2}\nweight = \"{3}\"\nbias = \"{3}\"\n"
      "output = \"{4}\"\n",
      name, inputs > 0 ? fmt::format("inputs = {}\n", inputs) : "", outputs, weight, out);
}

std::string activation(const std::string& type, const std::string& more = "") {
  return fmt::format("[[layers]]\nname = \"act_{0}\"\ntype = \"{0}\"\n{1}\n", type, more);
}

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> kShapes = {
      // Tags of three stages, whose values change from beat to beat.
      {"tags", "fixed(4,2)",
       linear("fc1", 4, 6, "fixed(4,4)", "fixed(4,2)") + linear("fc2", 0, 4, "fixed(4,4)", "fixed(4,2)"),
       "fc1=2x3,fc2=2x2"},
      // All weights at once, which are constants then: the low bits of sums pass from register to register.
      {"constant", "fixed(4,0)", linear("fc", 6, 5, "fixed(2,1)", "fixed(8,1)"), "6x5"},
      // Two levels of tree, sums that are much wider than what goes in and out.
      {"wide", "fixed(6,0)", linear("fc", 10, 2, "fixed(5,4)", "fixed(12,4,half_away)"), "5x1"},
      {"positive", "ufixed(4,3)", linear("fc", 6, 4, "fixed(4,4)", "ufixed(5,4)"), "3x2"},
      {"leaky", "fixed(5,2)",
       linear("fc", 2, 4, "fixed(4,3)", "fixed(6,3,floor)") + activation("leaky_relu", "slope = 0.125"), "2x2"},
      {"slopes", "fixed(6,3)",
       "[[layers]]\nname = \"a\"\ntype = \"rrelu_uniform\"\nsize = 4\n" + activation("rrelu_lab"), "2"},
      // ROMs and a table in block RAM, inputs in memory of more words than registers are made of.
      {"blocks", "fixed(4,2)", linear("fc", 40, 2, "fixed(4,5)", "fixed(8,5)") + activation("gelu"), "1"},
      // Inputs in block RAM, 64 bits wide: Yosys 0.23 would lose some of them in one RAMB36E1.
      {"lanes", "fixed(8,5)", linear("fc", 512, 2, "fixed(4,6)", "fixed(12,5)"), "8x2"},
      // Adders of constants, and a layer behind them with its own.
      {"adders", "fixed(5,2)",
       linear("fc1", 5, 6, "fixed(2,1)", "fixed(6,2)") + linear("fc2", 0, 4, "fixed(8,6)", "fixed(8,3)"), "adders"},
      // Channels with fraction bits of their own.
      {"aligned", "fixed(4,2)", linear("fc", 4, 4, "fixed(4,4)", "fixed(6,3)"), "2x2"},
  };
  return kShapes;
}

hw::Graph graph_of(const Shape& shape) {
  hw::Graph graph =
      compress::parse_model(fmt::format("name = \"{}\"\ninput = \"{}\"\n{}", shape.name, shape.input, shape.layers),
                            shape.name, "", 5)
          .graph;
  hw::set_parallelism(graph, shape.parallelism);
  if (shape.name != "aligned") return graph;
  auto& fc = *graph.nodes[0].as<compress::Linear>();
  for (std::size_t j = 0; j < fc.weight_frac_bits.size(); ++j) fc.weight_frac_bits[j] += static_cast<int>(j);
  return graph;
}

// All shapes side by side under one top: synthesised, built and simulated together.
class SideBySide {
 public:
  explicit SideBySide(int n_vectors) {
    engine::Rng rng(3);
    for (const Shape& shape : shapes()) add(shape, n_vectors, rng);
    put(folder_ / "top.sv",
        "module top (input wire clk, input wire rst" + ports_ + ");\n" + instances_ + "endmodule\n");
    design_.folder = folder_.path();
    design_.sources.push_back("top.sv");
  }

  const hw::Design& design() const { return design_; }
  const std::vector<testbench::ChannelBeats>& beats() const { return beats_; }

  // Empty if every shape answered as its graph does.
  std::string complaints(const hw::SimulationOutcome& outcome) const {
    std::string text = outcome.stuck ? "stuck; " : "";
    for (std::size_t i = 0; i < outcome.channels.size(); ++i) {
      const testbench::ChannelOutcome& c = outcome.channels[i];
      if (c.beats != n_beats_[i] || c.differences + c.extra_beats + c.broken_holds != 0)
        text +=
            fmt::format("{}: {} of {} beats, {} different; ", shapes()[i].name, c.beats, n_beats_[i], c.differences);
    }
    return text;
  }

 private:
  void add(const Shape& shape, int n_vectors, engine::Rng& rng) {
    const hw::Graph graph = graph_of(shape);
    const hw::Manifest manifest = hw::write_rtl(folder_ / shape.name, graph, {}, shape.name);
    for (const std::string& file : manifest.sources) {
      if (known_.insert(file).second) design_.sources.push_back(shape.name + "/" + file);
    }
    for (const std::string& file : manifest.images) design_.images.push_back(shape.name + "/" + file);
    const hw::Port &in = manifest.input, &out = manifest.output;
    const std::string x = shape.name + "_x", y = shape.name + "_y";
    ports_ += fmt::format(
        ",\n  input wire [{1}:0] {0}, input wire {0}_valid, output wire {0}_ready"
        ",\n  output wire [{3}:0] {2}, output wire {2}_valid, input wire {2}_ready",
        x, in.bits() - 1, y, out.bits() - 1);
    instances_ += fmt::format(
        "  {0} i_{0} (.clk(clk), .rst(rst), .{1}({2}), .{1}_valid({2}_valid), .{1}_ready({2}_ready), .{3}({4}), "
        ".{3}_valid({4}_valid), .{3}_ready({4}_ready));\n",
        shape.name, in.name, x, out.name, y);
    design_.channels.push_back({{x, static_cast<int>(in.bits()), static_cast<int>(in.beats())},
                                {y, static_cast<int>(out.bits()), static_cast<int>(out.beats())}});
    const Codes codes =
        random_codes(static_cast<std::size_t>(n_vectors * in.size), in.format.width, in.format.is_signed, rng);
    beats_.push_back({hw::pack_beats(codes, in.lanes, in.format.width),
                      hw::pack_beats(compress::GraphRunner(graph).run(codes), out.lanes, out.format.width)});
    n_beats_.push_back(n_vectors * out.beats());
  }

  TemporaryFolder folder_;
  hw::Design design_;
  std::set<std::string> known_;
  std::string ports_, instances_;
  std::vector<testbench::ChannelBeats> beats_;
  std::vector<std::int64_t> n_beats_;
};

constexpr int kVectors = 200;

void check_netlist(hw::Target target, const std::vector<std::string>& cells,
                   const std::vector<std::string>& own_models) {
  if (!has_tools()) return;
  const SideBySide all(kVectors);
  const TemporaryFolder folder;
  const hw::Netlist netlist =
      hw::make_netlist(all.design(), target, {.dsp = target != hw::Target::ice40}, folder.path());
  for (const std::string& cell : cells) CHECK_MESSAGE(netlist.synthesis.cells.contains(cell), cell);
  CHECK(without_luts(netlist.own_models) == own_models);
  CHECK(netlist.own_models.size() > own_models.size());
  const hw::Simulation simulation(netlist.design, hw::Simulator::verilator);
  for (const testbench::Stalls stalls : {testbench::Stalls::random, testbench::Stalls::bursts})
    CHECK(all.complaints(
              simulation.run(all.beats(), {.stalls = stalls, .seed = 7, .n_resets = 3, .watchdog = 20'000})) == "");
}

TEST_CASE("What synthesis for Xilinx leaves of layers of ten kinds is their graphs, whatever waits and is reset") {
  check_netlist(hw::Target::xilinx, {"DSP48E1", "RAMB18E1", "RAMB36E1", "CARRY4"}, {"RAMB18E1", "RAMB36E1"});
}

TEST_CASE("So is what it leaves for ECP5") {
  check_netlist(hw::Target::ecp5, {"MULT18X18D", "DP16KD", "CCU2C"}, {"DP16KD", "MULT18X18D"});
}

TEST_CASE("So is what it leaves for iCE40") { check_netlist(hw::Target::ice40, {"SB_RAM40_4K", "SB_CARRY"}, {}); }

// (x + up) factor, where the sum has as many bits as x and is kept in a register, or not.
void add_sum_as_factor(Batch& batch, int width, bool is_registered, engine::Rng& rng) {
  const int factor_width = 8, n_in = width + 1 + factor_width, n_out = width + factor_width;
  Codes in, out;
  const auto append_bits = [](Codes& to, std::int64_t value, int n) {
    for (int k = 0; k < n; ++k) to.push_back(static_cast<std::int32_t>(value >> k & 1));
  };
  const Codes xs = random_codes(500, width, true, rng), factors = random_codes(500, factor_width, true, rng);
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const std::int64_t up = xs[i] == (1 << (width - 1)) - 1 ? 0 : static_cast<std::int64_t>(rng.below(2));
    append_bits(in, xs[i], width);
    append_bits(in, up, 1);
    append_bits(in, factors[i], factor_width);
    append_bits(out, (xs[i] + up) * factors[i], n_out);
  }
  const std::string body = fmt::format(
      "  logic [{last}:0] valid_q;\n  logic signed [{x}-1:0] x_q, sum_d, sum_q;\n"
      "  logic signed [{f}-1:0] f_q, f_q2;\n  logic signed [{p}-1:0] product_q;\n  logic up_q;\n"
      "  assign $m_valid = valid_q[{last}];\n  assign $s_ready = !$m_valid || $m_ready;\n  assign $m = product_q;\n"
      "  assign sum_d = x_q + {x}'(up_q);\n"
      "  always_ff @(posedge $clk) begin\n"
      "    if ($rst) valid_q <= '0; else if ($s_ready) valid_q <= {{valid_q[{last}-1:0], $s_valid}};\n"
      "    if ($s_ready) begin\n      {{f_q, up_q, x_q}} <= $s;\n      sum_q <= sum_d;\n      f_q2 <= f_q;\n"
      "      product_q <= {factors};\n    end\n  end\n",
      fmt::arg("last", is_registered ? 2 : 1), fmt::arg("x", width), fmt::arg("f", factor_width), fmt::arg("p", n_out),
      fmt::arg("factors", is_registered ? "sum_q * f_q2" : "sum_d * f_q"));
  batch.add(fmt::format("{} bits", width), body, {1, n_in, 1}, in, {1, n_out, 1}, out);
}

TEST_CASE("A sum that becomes a factor keeps its sign, which Yosys 0.23 would lose in the pre-adder of a DSP48E1") {
  if (!has_tools()) return;
  engine::Rng rng(9);
  Batch batch;
  for (const int width : {12, 24, 25}) {
    add_sum_as_factor(batch, width, true, rng);
    add_sum_as_factor(batch, width, false, rng);
  }
  const TemporaryFolder folder;
  const hw::Netlist netlist = hw::make_netlist(batch.design(), hw::Target::xilinx, {}, folder.path());
  CHECK(netlist.synthesis.dsp == 6);
  CHECK(complaints(batch, hw::Simulation(netlist.design, hw::Simulator::verilator)
                              .run(batch.beats(), {.stalls = testbench::Stalls::random, .seed = 3})) == "");
}

TEST_CASE("Nothing of a layer can become a shift register, which in Yosys 0.23 would lose its clock enable") {
  if (!has_tools()) return;
  const SideBySide all(1);
  const TemporaryFolder folder;
  const std::vector<std::string> sources = hw::copy_files(all.design().sources, all.design().folder, folder.path());
  hw::copy_files(all.design().images, all.design().folder, folder.path());
  const hw::ToolResult yosys = hw::try_tool(
      {"yosys", "yosys"},
      {"-q", "-p",
       fmt::format("read_verilog -sv -defer {}; hierarchy -check -top top; synth_xilinx -flatten -family xc7 -top top; "
                   "select -assert-none t:SRL*",
                   fmt::join(sources, " "))},
      folder.path());
  CHECK_MESSAGE(yosys.code == 0, yosys.output);
}

TEST_CASE("A netlist that Yosys cannot make is a failure with its words") {
  if (!has_tools()) return;
  const TemporaryFolder folder;
  put(folder / "top.sv", "module top (input wire clk);\n  nothing of this name (.clk(clk));\nendmodule\n");
  hw::Design design;
  design.top = "top";
  design.folder = folder.path();
  design.sources = {"top.sv"};
  CHECK(contains(failure_text([&] { hw::make_netlist(design, hw::Target::ice40, {}, folder.path()); }), "yosys: "));
}

}  // namespace
}  // namespace ingot::test
