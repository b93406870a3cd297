#include <fmt/format.h>

#include <chrono>
#include <sstream>

#include "engine/base/child.h"
#include "engine/base/error.h"
#include "hw/simulation/simulators.h"

namespace ingot::hw {
namespace fs = std::filesystem;
using engine::require;
using testbench::Byte;

namespace {

const Tool kCompile{"iverilog", "iverilog"}, kRun{"vvp", "iverilog"};

// One line of hexadecimal digits a beat, as $readmemh reads them.
std::string hex_lines(const std::vector<Byte>& bytes, int bits) {
  const std::size_t n = static_cast<std::size_t>(bits + 7) / 8;
  std::string text;
  for (std::size_t beat = 0; beat < bytes.size(); beat += n) {
    for (std::size_t i = n; i-- > 0;) text += fmt::format("{:02x}", bytes[beat + i]);
    text += '\n';
  }
  return text;
}

// One channel: source, sink, scoreboard. Inputs change at the falling edge, so that they are stable at the rising one.
// Stalls: in every 64 cycles, both ends wait with one of the probabilities 0, 1/4, 1/2, 3/4, 1 in each cycle.
std::string channel_text(std::size_t i, const DesignChannel& channel) {
  return fmt::format(R"(
  reg [{in_bits}-1:0] in_{i};
  reg in_valid_{i};
  wire in_ready_{i};
  wire [{out_bits}-1:0] out_{i};
  wire out_valid_{i};
  reg out_ready_{i};
  reg [{in_bits}-1:0] inputs_{i}[0:{in_beats}-1];
  reg [{out_bits}-1:0] expected_{i}[0:{out_beats}-1];
  integer sent_{i}, received_{i}, differences_{i}, idle_{i}, deaf_{i};
  initial begin
    $readmemh("input-{i}.hex", inputs_{i});
    $readmemh("expected-{i}.hex", expected_{i});
    sent_{i} = 0;
    received_{i} = 0;
    differences_{i} = 0;
    idle_{i} = 0;
    deaf_{i} = 0;
    in_valid_{i} = 1'b0;
    out_ready_{i} = 1'b0;
  end
  always @(negedge clk) begin
    if (stalls && cycle % 64 == 0) begin
      idle_{i} = $unsigned($random(seed)) % 5;
      deaf_{i} = $unsigned($random(seed)) % 5;
    end
    if (!rst && !in_valid_{i} && sent_{i} < {in_beats} && $unsigned($random(seed)) % 4 >= idle_{i}) begin
      in_valid_{i} = 1'b1;
      in_{i} = inputs_{i}[sent_{i}];
    end
    out_ready_{i} = !rst && $unsigned($random(seed)) % 4 >= deaf_{i};
  end
  always @(posedge clk) begin
    if (!rst && in_valid_{i} && in_ready_{i}) begin
      sent_{i} = sent_{i} + 1;
      in_valid_{i} <= 1'b0;
      moved = cycle;
    end
    if (!rst && out_valid_{i} && out_ready_{i}) begin
      if (received_{i} < {out_beats}) moved = cycle;
      if (received_{i} >= {out_beats} || out_{i} !== expected_{i}[received_{i}]) begin
        if (differences_{i} < 4) $display("difference {i} %0d %h %h", received_{i}, out_{i}, expected_{i}[received_{i}]);
        differences_{i} = differences_{i} + 1;
      end
      received_{i} = received_{i} + 1;
    end
  end
)",
                     fmt::arg("i", i), fmt::arg("in_bits", channel.input.bits),
                     fmt::arg("out_bits", channel.output.bits), fmt::arg("in_beats", fmt::format("`INPUTS_{}", i)),
                     fmt::arg("out_beats", fmt::format("`OUTPUTS_{}", i)));
}

// Its name holds what no name of a design can.
std::string testbench_text(const Design& design) {
  std::string channels, ports, done = "1'b1", report;
  for (std::size_t i = 0; i < design.channels.size(); ++i) {
    const auto& [in, out] = design.channels[i];
    channels += channel_text(i, design.channels[i]);
    ports += fmt::format(
        ", .{1}(in_{0}), .{1}_valid(in_valid_{0}), .{1}_ready(in_ready_{0}), .{2}(out_{0}), "
        ".{2}_valid(out_valid_{0}), .{2}_ready(out_ready_{0})",
        i, in.name, out.name);
    done += fmt::format(" && received_{0} >= `OUTPUTS_{0} && sent_{0} >= `INPUTS_{0}", i);
    report += fmt::format("      $display(\"channel {0} %0d %0d\", received_{0}, differences_{0});\n", i);
  }
  return fmt::format(R"(module testbench$;
  reg clk = 1'b0, rst = 1'b1, stalls = 1'b1;
  integer seed = 1, cycle = 0, moved = 0, drain = 0;
{0}
  {1} device(.clk(clk), .rst(rst){2});
  initial begin
    if ($value$plusargs("seed=%d", seed)) seed = seed;
    if ($value$plusargs("stalls=%d", stalls)) stalls = stalls;
  end
  always #10 clk = !clk;
  always @(posedge clk) cycle <= cycle + 1;
  always @(negedge clk) begin
    rst <= cycle < 3;
    drain = ({3}) ? drain + 1 : 0;
    if (drain > 64 || cycle - moved > 100000) begin
      $display("end %0d %0d", cycle, drain > 64 ? 0 : 1);
{4}      $finish;
    end
  end
endmodule
)",
                     channels, design.top, ports, done, report);
}

Runtime prepare(const Simulation::Options&) {
  engine::require_program(kCompile.program, kCompile.debian_package);
  return {};  // it interprets
}

// Without beats: they are not known yet, and their numbers are macros.
void build(const Design& design, const fs::path& folder, const Simulation::Options&, const Runtime&) {
  write_scratch(folder / "testbench.v", testbench_text(design));
}

void parse_line(const std::string& line, SimulationOutcome& outcome) {
  std::istringstream words(line);
  std::string kind;
  words >> kind;
  if (kind == "end") {
    int stuck = 0;
    words >> outcome.cycles >> stuck;
    outcome.stuck = stuck != 0;
  } else if (kind == "channel" || kind == "difference") {
    std::size_t i = 0;
    words >> i;
    require(static_cast<bool>(words) && i < outcome.channels.size(), "icarus: unexpected line '{}'", line);
    testbench::ChannelOutcome& channel = outcome.channels[i];
    if (kind == "channel") {
      words >> channel.beats >> channel.differences;
    } else {
      testbench::Difference difference{};
      std::string got, expected;
      words >> difference.beat >> got >> expected;
      channel.first_differences.push_back({difference.beat, bytes_from_hex(got), bytes_from_hex(expected)});
    }
  }
}

SimulationOutcome run(const Design& design, const fs::path& folder, std::span<const testbench::ChannelBeats> beats,
                      const testbench::Run& how) {
  std::vector<std::string> command = {"-g2012", "-o", "simulation", "-s", "testbench$"};
  SimulationOutcome outcome;
  outcome.channels.resize(design.channels.size());
  for (std::size_t i = 0; i < beats.size(); ++i) {
    const auto& [in, out] = design.channels[i];
    const auto n_in = beats[i].input.size() / static_cast<std::size_t>((in.bits + 7) / 8);
    const auto n_out = beats[i].expected.size() / static_cast<std::size_t>((out.bits + 7) / 8);
    command.push_back(fmt::format("-DINPUTS_{}={}", i, n_in));
    command.push_back(fmt::format("-DOUTPUTS_{}={}", i, n_out));
    write_scratch(folder / fmt::format("input-{}.hex", i), hex_lines(beats[i].input, in.bits));
    write_scratch(folder / fmt::format("expected-{}.hex", i), hex_lines(beats[i].expected, out.bits));
  }
  command.emplace_back("testbench.v");
  command.insert(command.end(), design.sources.begin(), design.sources.end());
  run_tool(kCompile, command, folder);
  const auto start = std::chrono::steady_clock::now();
  const ToolResult result = try_tool(kRun,
                                     {"-n", "simulation", fmt::format("+seed={}", how.seed & 0x7fffffff),
                                      fmt::format("+stalls={}", how.stalls == testbench::Stalls::none ? 0 : 1)},
                                     folder);
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::istringstream lines(result.output);
  for (std::string line; std::getline(lines, line);) parse_line(line, outcome);
  const bool has_errors = result.output.find("ERROR") != std::string::npos;  // a file that is not there, too
  if (result.code != 0 || outcome.cycles == 0 || has_errors)
    throw engine::Failure(fmt::format("the simulation broke off with exit code {}", result.code), result.output);
  for (std::size_t i = 0; i < outcome.channels.size(); ++i)
    outcome.channels[i].vectors = outcome.channels[i].beats / design.channels[i].output.beats;
  return outcome;
}

}  // namespace

const SimulatorTools kIcarus{prepare, build, run};

}  // namespace ingot::hw
