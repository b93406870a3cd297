// Modules of a core alone, against what the engine computes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/files.h"
#include "engine/base/fixed_point.h"
#include "engine/base/rng.h"
#include "engine/base/temporary_folder.h"
#include "engine/kernels/integer_norm/table.h"
#include "hw/modules/image.h"
#include "hw/rtl_sources.h"
#include "hw/simulation/simulation.h"

namespace ingot::test {
namespace {

using Bytes = std::vector<testbench::Byte>;

void append(Bytes& bytes, std::uint64_t word, int n_bytes) {
  for (int b = 0; b < n_bytes; ++b) bytes.push_back(static_cast<testbench::Byte>(word >> 8 * b));
}

// A module that computes for some cycles, as a stream: it takes a beat when it is idle.
constexpr const char kRootStream[] = R"(
`default_nettype none
module top (
    input wire clk, input wire rst,
    input wire [61:0] data_in_0, input wire data_in_0_valid, output wire data_in_0_ready,
    output wire [22:0] data_out_0, output wire data_out_0_valid, input wire data_out_0_ready);
  logic busy_q, there_q, done;
  assign data_in_0_ready = !busy_q;
  assign data_out_0_valid = there_q;
  always_ff @(posedge clk) begin
    if (rst) busy_q <= 1'b0;
    else if (data_in_0_valid && !busy_q) busy_q <= 1'b1;
    else if (there_q && data_out_0_ready) busy_q <= 1'b0;
    if (rst) there_q <= 1'b0;
    else if (done) there_q <= 1'b1;
    else if (data_out_0_ready) there_q <= 1'b0;
  end
  wire [7:0] unused_address;
  wire unused;
  assign unused = &unused_address;
  inverse_root #(.WIDTH(62)) i_root (.clk_i(clk), .rst_i(rst), .start_i(data_in_0_valid && !busy_q),
      .variance_i(data_in_0), .done_o(done), .c_o(data_out_0[17:0]), .places_o(data_out_0[22:18]),
      .table_address_o(unused_address), .table_i(18'd0));
endmodule
`default_nettype wire
)";

hw::Design design_of(const engine::TemporaryFolder& folder, const std::string& top,
                     const std::vector<std::string>& sources, int in_bits, int out_bits) {
  hw::Design design{.folder = folder.path()};
  for (const std::string& source : sources) {
    engine::write_file(folder.path() / source, hw::rtl_source(source));
    design.sources.push_back(source);
  }
  engine::write_file(folder.path() / "top.sv", top);
  design.sources.push_back("top.sv");
  design.channels.push_back({{"data_in_0", in_bits, 1}, {"data_out_0", out_bits, 1}});
  return design;
}

TEST_CASE("The inverse root of 50,000 variances of all sizes has the engine's bits") {
  engine::Rng rng(3);
  std::vector<std::int64_t> variances{1, 2, 3, 4, 5, (std::int64_t{1} << 61) + 1, (std::int64_t{1} << 62) - 1};
  for (int i = 0; i < 50'000; ++i) {
    const std::uint64_t drawn = (std::uint64_t{rng.bits()} << 32 | rng.bits()) >> (2 + rng.below(62));
    variances.push_back(std::max<std::int64_t>(1, static_cast<std::int64_t>(drawn)));
  }
  testbench::ChannelBeats beats;
  for (const std::int64_t variance : variances) {
    const engine::kernels::InverseRoot root = engine::kernels::inverse_root(variance, nullptr);
    append(beats.input, static_cast<std::uint64_t>(variance), 8);
    // The exponent is h - 32, and h is 15 less than the places.
    append(beats.expected, static_cast<std::uint64_t>(root.c) | static_cast<std::uint64_t>(root.exponent + 47) << 18,
           3);
  }
  const engine::TemporaryFolder folder;
  const hw::Simulation simulation(design_of(folder, kRootStream, {"inverse_root.sv"}, 62, 23),
                                  hw::Simulator::verilator);
  const testbench::ChannelBeats all[] = {beats};
  const hw::SimulationOutcome outcome = simulation.run(all, {.stalls = testbench::Stalls::none, .n_resets = 2});
  CHECK(outcome.ok());
  CHECK(outcome.channels.front().beats == static_cast<std::int64_t>(variances.size()));
}

constexpr const char kQuotientStream[] = R"(
`default_nettype none
module top (
    input wire clk, input wire rst,
    input wire [41:0] data_in_0, input wire data_in_0_valid, output wire data_in_0_ready,
    output wire [11:0] data_out_0, output wire data_out_0_valid, input wire data_out_0_ready);
  // One at a time: the unit itself never waits.
  logic [12:0] steps_q;
  logic busy_q;
  assign data_in_0_ready = !busy_q;
  assign data_out_0_valid = steps_q[12];
  always_ff @(posedge clk) begin
    if (rst) busy_q <= 1'b0;
    else if (data_in_0_valid && !busy_q) busy_q <= 1'b1;
    else if (steps_q[12] && data_out_0_ready) busy_q <= 1'b0;
    if (rst) steps_q <= '0;
    else if (!steps_q[12] || data_out_0_ready) steps_q <= {steps_q[11:0], data_in_0_valid && !busy_q};
  end
  // Its result is there for one cycle.
  logic [41:0] held_q, numbers;
  assign numbers = steps_q[0] ? held_q : ~held_q;  // which are there when it starts, and not longer
  logic [11:0] y, y_q;
  logic waits_q;
  assign data_out_0 = waits_q ? y_q : y;
  always_ff @(posedge clk) begin
    if (data_in_0_valid && !busy_q) held_q <= data_in_0;
    waits_q <= steps_q[12] && !data_out_0_ready;
    y_q <= data_out_0;
  end
  quotient #(.NUMERATOR_WIDTH(28), .DENOMINATOR_WIDTH(12), .WIDTH(10), .SERIAL(`SERIAL)) i_quotient (
      .clk_i(clk), .start_i(steps_q[0]), .numerator_i(numbers[27:0]), .denominator_i(numbers[39:28]),
      .rounding_i(numbers[41:40]), .y_o(y));
endmodule
`default_nettype wire
)";

TEST_CASE("Quotients of 50,000 numbers, ties and extremes among them, have the engine's bits in all roundings") {
  engine::Rng rng(4);
  testbench::ChannelBeats beats;
  for (int i = 0; i < 50'000; ++i) {
    const auto denominator = 1 + static_cast<std::int64_t>(rng.below(4095));
    const std::int64_t most = denominator * 1024 - 1;
    std::int64_t numerator = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(2 * most + 1))) - most;
    if (i % 4 == 1) numerator = std::clamp(numerator / denominator * denominator + denominator / 2, -most, most);
    if (i % 64 == 2) numerator = most;
    if (i % 64 == 3) numerator = -most;
    const auto rounding = static_cast<std::uint64_t>(i % 3);
    append(beats.input,
           (static_cast<std::uint64_t>(numerator) & 0xFFFFFFF) | static_cast<std::uint64_t>(denominator) << 28 |
               rounding << 40,
           6);
    const std::int64_t quotient = engine::divide(numerator, denominator, static_cast<engine::Rounding>(rounding));
    append(beats.expected, static_cast<std::uint64_t>(quotient) & 0xFFF, 2);
  }
  for (const char* serial : {"0", "1"}) {
    CAPTURE(serial);
    const engine::TemporaryFolder folder;
    const std::string top = fmt::format("`define SERIAL {}\n{}", serial, kQuotientStream);
    const hw::Simulation simulation(design_of(folder, top, {"quotient.sv"}, 42, 12), hw::Simulator::verilator);
    const testbench::ChannelBeats all[] = {beats};
    const hw::SimulationOutcome outcome = simulation.run(all, {.stalls = testbench::Stalls::random, .n_resets = 2});
    CHECK(outcome.ok());
    CHECK(outcome.channels.front().beats == 50'000);
  }
}

}  // namespace
}  // namespace ingot::test
