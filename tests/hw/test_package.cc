// What a user without ingot does in an emitted folder: make, lint, cocotb, FuseSoC, synthesis.
#include "compress/integer/runner.h"
#include "engine/io/json.h"
#include "hw/emit/folder.h"
#include "hw/passes/parallelism.h"
#include "hw/simulation/verify.h"
#include "tests/compress/graphs.h"
#include "tests/hw/packages.h"
#include "tests/support/error_text.h"

using namespace ingot;
using test::contains;
using test::count;
using test::error_text;
using test::fixed;
using test::has_program;
using test::make;

namespace {

namespace fs = std::filesystem;

// Beats of 5 x 7 bits become beats of 2 x 6; weights in a file.
hw::Graph small_graph() {
  engine::Rng rng(21);
  hw::Graph graph{.name = "small"};
  test::push(graph, test::linear_node(rng, "fc1", 20, 12, fixed(7, 3), fixed(6, 2)));
  test::push(graph, test::activation_node("act", "tanh", 12, fixed(6, 2), fixed(6, 4)));
  hw::set_parallelism(graph, "5x2");
  return graph;
}

// Changes the last digit of a line.
void mutate(const fs::path& path, int line) {
  std::string text = engine::read_file(path);
  std::size_t at = 0;
  for (int i = 0; i < line; ++i) at = text.find('\n', at) + 1;
  at = text.find('\n', at) - 1;
  text[at] = text[at] == '0' ? '1' : '0';
  test::put(path, text);
}

bool has_icarus() { return has_program("iverilog", "the Debian package iverilog"); }
bool has_verilator() { return has_program("verilator", "the Debian package verilator"); }

}  // namespace

TEST_CASE("a moved folder tests itself in Icarus, and finds a wrong bit of vectors or images") {
  if (!has_icarus()) return;
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", small_graph(), {}, "dense");
  fs::rename(folder / "rtl", folder / "elsewhere");
  const fs::path at = folder / "elsewhere";
  REQUIRE(fs::exists(at / "dense.fc1_weight.mem"));
  engine::ChildResult result = make(at, {"icarus"});
  CHECK(result.code == 0);
  CHECK(count(result.output, "PASS 6000 beats") == 2);  // 1000 vectors of 6 beats, without and with AXI4-Stream
  CHECK(make(at, {"icarus", "SEED=77"}).code == 0);
  mutate(at / "vectors_out.hex", 1234);
  result = make(at, {"icarus"});
  CHECK(result.code != 0);
  CHECK(contains(result.output, "FAIL beat 1234: got "));
  mutate(at / "dense.fc1_weight.mem", 3);
  CHECK(contains(make(at, {"icarus"}).output, "is not the image that this memory was emitted with"));
}

TEST_CASE("a bench of one's own beside all .sv files of a folder runs alone, from anywhere") {
  if (!has_icarus()) return;
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", small_graph(), {});
  test::put(folder / "own.sv",
            "module own;\n  initial begin\n    #1000 $display(\"OWN\");\n    $finish;\n  end\nendmodule\n");
  test::put(folder / "Makefile",
            "all:\n\tiverilog -g2012 -o own.vvp rtl/*.sv own.sv && vvp -n own.vvp && cd rtl && vvp -n ../own.vvp\n");
  const engine::ChildResult result = make(folder.path(), {"all"});
  CHECK_MESSAGE(result.code == 0, result.output);
  CHECK(count(result.output, "OWN\n") == 2);
  CHECK_FALSE(contains(result.output, "PASS"));
}

TEST_CASE("the same testbench runs in Verilator") {
  if (!has_verilator()) return;
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", small_graph(), {});
  engine::ChildResult result = make(folder / "rtl", {"verilator"});
  CHECK(result.code == 0);
  CHECK(count(result.output, "PASS 6000 beats") == 2);
  const std::int64_t latency = hw::verify(hw::open_rtl(folder / "rtl"), {.n_vectors = 10}).latency;
  CHECK(count(result.output, fmt::format("; latency {} cycles", latency)) == 2);
  mutate(folder / "rtl/vectors_out.hex", 5999);
  result = make(folder / "rtl", {"verilator"});
  CHECK(result.code != 0);
  CHECK(contains(result.output, "FAIL beat 5999: got "));
  hw::write_rtl(folder / "rtl", small_graph(), {});  // what make has built is no obstacle
  CHECK_FALSE(fs::exists(folder / "rtl/build"));
}

TEST_CASE("the testbench sends the real vectors of a folder, and expects their outputs") {
  if (!has_icarus()) return;
  const test::TemporaryFolder folder;
  engine::Rng rng(3);
  const hw::Graph graph = small_graph();
  hw::Vectors vectors{.n = 3, .input = test::draw_codes(rng, graph.input(), 60)};
  vectors.output = compress::GraphRunner(graph).run(vectors.input);
  hw::write_rtl(folder / "right", graph, vectors);
  CHECK(contains(make(folder / "right", {"icarus"}).output, "PASS 18 beats"));
  vectors.output[13] ^= 1;  // of beat 6
  hw::write_rtl(folder / "wrong", graph, vectors);
  CHECK(contains(make(folder / "wrong", {"icarus"}).output, "FAIL beat 6: got "));
}

TEST_CASE("lints say nothing of an emitted folder and its wrapper") {
  if (!has_icarus() || !has_verilator()) return;
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", small_graph(), {});
  const engine::ChildResult result = make(folder / "rtl", {"--silent", "lint"});
  CHECK(result.code == 0);
  CHECK(result.output == "");
}

TEST_CASE("synthesis in an emitted folder puts the memory in block RAM") {
  if (!has_program("yosys", "the Debian package yosys")) return;
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", small_graph(), {});
  const engine::ChildResult result = make(folder / "rtl", {"synth", "FAMILY=ice40"});
  CHECK(result.code == 0);
  CHECK(contains(result.output, "SB_RAM40_4K"));
}

TEST_CASE("cocotb sends the same vectors, and finds a wrong one") {
  if (!has_icarus()) return;
  if (engine::run_child({"python3", "-c", "import cocotb"}).code != 0) {
    MESSAGE("skipped: cocotb is missing: pip install cocotb");
    return;
  }
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", small_graph(), {});
  CHECK(make(folder / "rtl", {"cocotb"}).code == 0);
  mutate(folder / "rtl/vectors_out.hex", 700);
  const engine::ChildResult result = make(folder / "rtl", {"cocotb"});
  CHECK(result.code != 0);
  CHECK(contains(result.output, "beat 700: got "));
}

TEST_CASE("FuseSoC runs the testbench, the lint and the synthesis of the core file") {
  if (!has_icarus() || !has_verilator() || !has_program("fusesoc", "fusesoc with pip")) return;
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", small_graph(), {});
  const auto run = [&](const std::vector<std::string>& arguments) {
    std::vector<std::string> command{"fusesoc", "--cores-root", ".", "run", "--build-root", "build"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return engine::run_child(command, {.folder = folder / "rtl"});
  };
  for (const char* tool : {"icarus", "verilator"}) {
    CAPTURE(tool);
    const engine::ChildResult result = run({"--target", "sim", "--tool", tool, "top", "--axis"});
    CHECK(result.code == 0);
    CHECK(contains(result.output, "PASS 6000 beats"));
  }
  CHECK(run({"--target", "lint", "top"}).code == 0);
  CHECK(run({"--target", "synth", "top"}).code == 0);
}

TEST_CASE("a folder with another text of a file than ingot's is not opened, also with its checksum") {
  const test::TemporaryFolder folder;
  for (const char* name : {"Makefile", "README.md", "top_axis.sv", "top_tb.v", "packet_in.sv", "top.sv"}) {
    CAPTURE(name);
    hw::Manifest manifest = hw::write_rtl(folder / "rtl", small_graph(), {});
    const std::string text = engine::read_file(folder / "rtl" / name) + "\n";
    test::put(folder / "rtl" / name, text);
    CHECK(contains(error_text([&] { hw::open_emitted(folder / "rtl"); }), "is not what was emitted"));
    for (hw::EmittedFile& file : manifest.files) {
      if (file.name == name) file = {name, static_cast<std::int64_t>(text.size()), engine::content_hash(text)};
    }
    test::put(folder / "rtl/manifest.json", hw::to_text(manifest));
    CHECK(contains(error_text([&] { hw::open_emitted(folder / "rtl"); }), "is not what this version of ingot makes"));
  }
}

TEST_CASE("every Verilog file of an emitted folder begins with its licence") {
  const test::TemporaryFolder folder;
  for (const hw::EmittedFile& file : hw::write_rtl(folder / "rtl", small_graph(), {}).files) {
    CAPTURE(file.name);
    if (file.name.ends_with(".sv"))
      CHECK(engine::read_file(folder / "rtl" / file.name).starts_with("// SPDX-License-Identifier: MIT-0\n"));
  }
}

TEST_CASE("packets that are too short or too long give a vector each, and set packet_fault") {
  if (!has_icarus()) return;
  const test::TemporaryFolder folder;
  engine::Rng rng(5);
  hw::Graph graph{.name = "relu"};
  test::push(graph, test::activation_node("act", "relu", 6, fixed(7, 3), fixed(7, 3)));
  hw::set_parallelism(graph, "2");
  hw::write_rtl(folder / "rtl", graph, {});
  // Numbers are positive, so that they stay; a line is a beat of two, and "!" its tlast.
  test::put(folder / "rtl/packets_tb.sv", R"verilog(
`default_nettype none
module packets_tb;
  logic clk = 1'b0, rst = 1'b1, valid = 1'b0, last = 1'b0;
  logic [15:0] data = '0;
  wire ready, out_valid, out_last, fault;
  wire [15:0] out_data;
  always #5 clk = !clk;
  top_axis dut (
      .aclk(clk), .aresetn(!rst), .s_axis_tdata(data), .s_axis_tvalid(valid), .s_axis_tready(ready),
      .s_axis_tlast(last), .m_axis_tdata(out_data), .m_axis_tvalid(out_valid), .m_axis_tready(1'b1),
      .m_axis_tlast(out_last), .packet_fault(fault));
  task send(input [6:0] low, input [6:0] high, input is_last);
    begin
      valid <= 1'b1;
      data <= {2'b11, high, low};
      last <= is_last;
      @(posedge clk);
      while (!ready) @(posedge clk);
      valid <= 1'b0;
    end
  endtask
  always @(posedge clk) if (out_valid) $display("%0d %0d%s", out_data[6:0], out_data[13:7], out_last ? "!" : ".");
  initial begin
    repeat (4) @(posedge clk);
    rst <= 1'b0;
    @(posedge clk);
    send(1, 2, 0); send(3, 4, 0); send(5, 6, 1);
    repeat (9) @(posedge clk);
    $display("fault %b", fault);
    send(7, 8, 1);
    send(9, 10, 0); send(11, 12, 0); send(13, 14, 0); send(15, 16, 0); send(17, 18, 1);
    send(19, 20, 0); send(21, 22, 0); send(23, 24, 1);
    repeat (9) @(posedge clk);
    $display("fault %b", fault);
    $finish;
  end
endmodule
`default_nettype wire
)verilog");
  const engine::ChildResult built = engine::run_child({"iverilog", "-g2012", "-f", "top.f", "-o", "packets.vvp",
                                                       "packet_in.sv", "packet_out.sv", "top_axis.sv", "packets_tb.sv"},
                                                      {.folder = folder / "rtl"});
  REQUIRE(built.output == "");
  CHECK(engine::run_child({"vvp", "-n", "packets.vvp"}, {.folder = folder / "rtl"}).output ==
        "1 2.\n3 4.\n5 6!\nfault 0\n7 8.\n0 0.\n0 0!\n9 10.\n11 12.\n13 14!\n19 20.\n21 22.\n23 24!\nfault 1\n");
}
