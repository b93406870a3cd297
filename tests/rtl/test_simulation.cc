// The library around the simulators: beats, coverage, waveforms, emitted folders against their graphs.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "engine/base/child.h"
#include "hw/emit/folder.h"
#include "hw/simulation/coverage.h"
#include "hw/simulation/verify.h"
#include "hw/simulation/waveform.h"
#include "hw/synthesis/sweep.h"
#include "hw/tools.h"
#include "tests/rtl/batch.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace ingot::test {
namespace {

using testbench::Byte;

TEST_CASE("Codes of any width are beats bit by bit, and come back") {
  CHECK(hw::pack_beats(Codes{-1, 0, 3, -4}, 2, 3) == std::vector<Byte>{0b000111, 0b100011});
  engine::Rng rng(3);
  for (const int width : {1, 2, 5, 8, 11, 16, 31}) {
    for (const bool is_signed : {true, false}) {
      const Codes codes = random_codes(15, width, is_signed, rng);
      const std::vector<Byte> beats = hw::pack_beats(codes, 5, width);
      const std::size_t bytes = beats.size() / 3;
      for (std::size_t i = 0; i < codes.size(); ++i) {
        const auto beat = hw::unpack_beat(std::span(beats).subspan(i / 5 * bytes, bytes), width, is_signed);
        CHECK(beat[i % 5] == codes[i]);
      }
    }
  }
}

TEST_CASE("A line is reached if an instance reached it; an else without lines counts by its place") {
  const std::string header = "# SystemC::Coverage-3\n";
  const auto item = [](const std::string& line, const std::string& kind, const std::string& lines, int count) {
    return "C '\1f\2/rtl/m.sv\1l\2" + line + "\1n\0023\1page\2v_line/m\1o\2" + kind +
           (lines.empty() ? "" : "\1S\2" + lines) + "\1h\2top.i' " + std::to_string(count) + "\n";
  };
  const hw::Coverage coverage = hw::read_coverage(header + item("5", "block", "5-6,9", 0) + item("5", "block", "5", 2) +
                                                  item("7", "else", "", 0));
  CHECK(coverage.lines == 4);
  CHECK(coverage.reached == 1);
  CHECK(coverage.missed == std::vector<std::string>{"m.sv:6", "m.sv:7 else", "m.sv:9"});
}

TEST_CASE("Lines and counts of any size are read, and those that are none refused") {
  const auto read = [](const std::string& lines, const std::string& count) {
    return hw::read_coverage("# SystemC::Coverage-3\nC '\1f\2a.sv\1S\2" + lines + "' " + count + "\nC '\1f\2a.sv\1S\2" +
                             lines + "' " + count + "\n");
  };
  CHECK(read("2147483646-2147483647", "9223372036854775807").reached == 2);
  CHECK(read("7-12006", "0").missed.size() == 12000);
  for (const char* wrong : {"2147483648", "-1", "x", "1-", "4-3", "1-2147483647", "1 ", "1--2", "99999999999-5"}) {
    INFO(wrong);
    CHECK(contains(error_text([&] { read(wrong, "1"); }), "lines must be as in 108-115"));
  }
}

TEST_CASE("A damaged coverage file is refused or read, never worse") {
  CHECK(contains(error_text([] { hw::read_coverage("nothing"); }),
                 "must begin with '# SystemC::Coverage', got 'nothing'"));
  const std::string whole = "# SystemC::Coverage-3\nC '\1f\2a.sv\1l\0022\1S\0022-4\1h\2top' 17\n";
  engine::Rng rng(5);
  for (int i = 0; i < 3000; ++i) {
    std::string text = whole.substr(0, 1 + rng.below(whole.size()));
    for (std::uint64_t n = rng.below(4); n > 0; --n) text[rng.below(text.size())] = static_cast<char>(rng.bits());
    error_text([&] { hw::read_coverage(text); });
  }
}

hw::Manifest small_manifest() {
  const hw::FixedPoint format{
      .width = 4, .frac_bits = 0, .is_signed = true, .rounding = engine::Rounding::nearest_even};
  return {.top = "top",
          .input = {.name = "x", .format = format, .size = 2, .lanes = 2},
          .output = {.name = "y", .format = format, .size = 2, .lanes = 1},
          .interval = 1,
          .sources = {"top.sv"}};
}

// rst, x (2 lanes), x_valid, x_ready, y, y_valid, y_ready: a cycle of reset, one in which -1 and 2 go in.
const std::vector<Byte> kTrace = {1, 0,    0, 1, 0, 0, 0,  //
                                  0, 0x2f, 1, 1, 7, 0, 1};

TEST_CASE("A trace becomes a VCD file of its changes") {
  const std::vector<hw::Signal> signals = hw::signals_of(small_manifest(), kTrace);
  REQUIRE(signals.size() == 7);
  CHECK(hw::to_vcd(signals, 20) ==
        "$timescale 1ns $end\n$scope module top $end\n$var wire 1 ! clk $end\n$var wire 1 \" rst $end\n"
        "$var wire 8 # x $end\n$var wire 1 $ x_valid $end\n$var wire 1 % x_ready $end\n$var wire 4 & y $end\n"
        "$var wire 1 ' y_valid $end\n$var wire 1 ( y_ready $end\n$upscope $end\n$enddefinitions $end\n"
        "#0\n0!\n1\"\nb00000000 #\n0$\n1%\nb0000 &\n0'\n0(\n#10\n1!\n"
        "#20\n0!\n0\"\nb00101111 #\n1$\nb0111 &\n1(\n#30\n1!\n#40\n");
}

TEST_CASE("A VCD file of a trace is read back as that trace; one of another design, or damaged, is refused or read") {
  const hw::Manifest manifest = small_manifest();
  std::vector<Byte> trace;
  engine::Rng rng(8);
  for (int cycle = 0; cycle < 50; ++cycle) {
    for (const std::uint64_t range : {2, 256, 2, 2, 16, 2, 2}) trace.push_back(static_cast<Byte>(rng.below(range)));
  }
  const std::vector<hw::Signal> signals = hw::signals_of(manifest, trace);
  const std::string vcd = hw::to_vcd(signals, 20);
  const std::vector<hw::Signal> back = hw::signals_in(manifest, vcd);
  REQUIRE(back.size() == signals.size());
  for (std::size_t i = 0; i < back.size(); ++i) CHECK(back[i].values == signals[i].values);
  hw::Manifest other = manifest;
  other.input.lanes = 1;
  CHECK(contains(error_text([&] { hw::signals_in(other, vcd); }), "trace.vcd: line 5: must be '$var wire 4 # x $end'"));
  CHECK(contains(error_text([&] { hw::signals_in(manifest, vcd + "b01 #\n"); }), "must be 8 bits, got 'b01 #'"));
  CHECK(contains(error_text([&] { hw::signals_in(manifest, ""); }), "line 1: must be '$timescale 1ns $end'"));
  for (int i = 0; i < 3000; ++i) {
    std::string text = vcd.substr(0, 1 + rng.below(vcd.size()));
    for (std::uint64_t n = rng.below(4); n > 0; --n) text[rng.below(text.size())] = static_cast<char>(rng.bits());
    error_text([&] { hw::signals_in(manifest, text); });
  }
}

TEST_CASE("Multipliers work while a vector is in, once for each of its cycles, and not while a beat waits") {
  hw::Manifest manifest = small_manifest();
  manifest.interval = 3;
  // By cycle: rst, x_valid, x_ready, y_valid, y_ready, and whether the multipliers work.
  const std::vector<std::vector<int>> cycles = {{1, 0, 1, 0, 0, 0}, {0, 1, 1, 0, 0, 0}, {0, 0, 1, 0, 0, 1},
                                                {0, 1, 0, 1, 0, 0}, {0, 1, 1, 1, 1, 1}, {0, 0, 1, 0, 0, 1},
                                                {0, 0, 1, 0, 1, 1}, {1, 0, 1, 0, 0, 0}, {0, 0, 1, 0, 0, 0}};
  std::vector<Byte> trace;
  std::vector<bool> expected;
  for (const std::vector<int>& c : cycles) {
    for (const int value : {c[0], 0, c[1], c[2], 0, c[3], c[4]}) trace.push_back(static_cast<Byte>(value));
    expected.push_back(c[5] != 0);
  }
  // The reset falls upon the second vector after one of its cycles.
  CHECK(hw::busy_cycles(manifest, hw::signals_of(manifest, trace)) == expected);
}

// A testbench that draws who waits, and says of each cycle: rst, valid and ready of x and of y, and whether the
// multipliers of the Linear `fc` read.
constexpr const char kWatch[] = R"(module watch;
  reg clk = 0, rst = 1, x_valid = 0, y_ready = 0;
  wire x_ready, y_valid;
  top t (.clk(clk), .rst(rst), .data_in_0_valid(x_valid), .data_in_0_ready(x_ready),
      .data_out_0_valid(y_valid), .data_out_0_ready(y_ready));
  integer i, seed = 7;
  initial begin
    for (i = 0; i < 2000; i = i + 1) begin
      rst = i < 2 || i == 900;
      x_valid = !rst && (x_valid || $urandom(seed) % 3 != 0);
      y_ready = !rst && (i > 1500 || $urandom(seed) % 4 != 0);
      #1 $display("cycle %0d %0d %0d %0d %0d %0d", rst, x_valid, x_ready === 1'b1, y_valid === 1'b1, y_ready,
          t.NAME_inst.read === 1'b1);
      #4 clk = 1;
      #1 if (x_ready && x_valid) x_valid = 0;
      #4 clk = 0;
    end
    $finish;
  end
endmodule
)";

TEST_CASE("Multipliers of a single Linear work in exactly the cycles in which rtl/linear.sv reads, by Icarus") {
  if (!engine::find_program("iverilog")) {
    MESSAGE("skipped: iverilog is missing: install the Debian package iverilog");
    return;
  }
  for (const hw::Parallelism lanes : {hw::Parallelism{4, 4}, {2, 1}, {1, 8}}) {
    const TemporaryFolder folder;
    hw::LinearShape shape{.n = 8, .k = 4, .input_width = 8, .weight_width = 4, .output_width = 8, .parallelism = lanes};
    const hw::Graph graph = hw::random_layer(shape, 3);
    const hw::Manifest manifest = hw::write_rtl(folder / "rtl", graph, {});
    std::string watch = kWatch;
    watch.replace(watch.find("NAME"), 4, hw::layers(graph)[0].name());
    put(folder / "rtl/watch.sv", watch);
    std::vector<std::string> arguments{"-g2012", "-s", "watch", "-o", "watch", "watch.sv"};
    arguments.insert(arguments.end(), manifest.sources.begin(), manifest.sources.end());
    hw::run_tool({"iverilog", "iverilog"}, arguments, folder / "rtl");
    std::istringstream said(hw::run_tool({"vvp", "iverilog"}, {"watch"}, folder / "rtl"));
    std::vector<hw::Signal> signals = hw::signals_of(manifest, {});
    std::vector<bool> reads;
    for (std::string word; said >> word;) {
      if (word != "cycle") continue;
      int values[6] = {};
      for (int& value : values) said >> value;
      for (const auto& [signal, value] : {std::pair{0, 0}, {2, 1}, {3, 2}, {5, 3}, {6, 4}})
        signals[static_cast<std::size_t>(signal)].values.push_back({static_cast<Byte>(values[value])});
      reads.push_back(values[0] == 0 && values[5] != 0);
    }
    CHECK(reads.size() == 2000);
    CHECK(std::count(reads.begin(), reads.end(), true) > 500);
    CHECK(hw::busy_cycles(manifest, signals) == reads);
  }
}

// y = max(x, 0), as a graph and, rightly or wrongly, as Verilog.
hw::EmittedRtl emitted(const TemporaryFolder& folder, const std::string& function) {
  put(folder / "top.sv",
      "`default_nettype none\nmodule top (input wire clk, input wire rst, input wire [7:0] x, input wire x_valid, "
      "output logic x_ready, output logic [3:0] y, output logic y_valid, input wire y_ready);\n"
      "  logic phase;\n  logic [3:0] lane;\n  assign lane = phase ? x[7:4] : x[3:0];\n  assign y = " +
          function +
          ";\n  assign y_valid = x_valid;\n  assign x_ready = y_ready && phase;\n"
          "  always_ff @(posedge clk) if (rst) phase <= 1'b0; else if (x_valid && y_ready) phase <= !phase;\n"
          "endmodule\n`default_nettype wire\n");
  const hw::Manifest manifest = small_manifest();
  hw::Graph graph{.name = "small"};
  append(graph, {.name = "act", .kind = &compress::operation("relu"), .parallelism = {1, 1}},
         {manifest.input.format, 2}, {manifest.output.format, 2});
  return {.folder = folder.path(), .manifest = manifest, .graph = graph};
}

bool has_verilator() {
  if (engine::find_program("verilator_bin")) return true;
  MESSAGE("skipped: verilator_bin is missing: install the Debian package verilator");
  return false;
}

constexpr hw::VerifyOptions kQuick{.n_vectors = 500};

TEST_CASE("Hardware that computes its graph is found right, hardware that does not is shown where") {
  if (!has_verilator()) return;
  const TemporaryFolder folder;
  const hw::Verification right = hw::verify(emitted(folder, "lane[3] ? 4'd0 : lane"), kQuick);
  CHECK(right.ok());
  CHECK(right.n_vectors == 500);
  CHECK(right.n_beats == 1000);
  CHECK(right.interval == 2.0);

  const hw::Verification wrong = hw::verify(emitted(folder, "lane[3] ? 4'd0 : lane & 4'd6"), kQuick);
  CHECK_FALSE(wrong.ok());
  REQUIRE(!wrong.wrong_beats.empty());
  const hw::WrongBeat& first = wrong.wrong_beats[0];
  CHECK(first.expected[0] % 2 == 1);
  CHECK(first.got[0] == first.expected[0] - 1);

  try {
    hw::verify(emitted(folder, "lane +"), kQuick);
    FAIL("what is no Verilog was simulated");
  } catch (const engine::Failure& failure) {
    CHECK(std::string(failure.what()) == "verilator_bin: ended with exit code 1");
    CHECK(contains(failure.details(), "syntax error"));
  }
}

TEST_CASE("Vectors in many chunks, and lines that were not reached, add up") {
  if (!has_verilator()) return;
  const TemporaryFolder folder;
  hw::EmittedRtl rtl = emitted(folder, "lane[3] ? 4'd0 : lane");
  rtl.manifest.interval = 20'000;  // chunks of 200
  std::vector<std::int64_t> done;
  const hw::Verification v =
      hw::verify(rtl, {.n_vectors = 500, .coverage = true}, [&](std::int64_t n, std::int64_t) { done.push_back(n); });
  CHECK(done == std::vector<std::int64_t>{0, 200, 400, 500});
  CHECK(v.n_vectors == 500);
  REQUIRE(v.coverage.has_value());
  CHECK(v.coverage->reached == v.coverage->lines);
}

}  // namespace
}  // namespace ingot::test
