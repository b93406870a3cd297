// A core in a package of few pins: what is synthesised then is the core behind a serial line.
#include <cstdlib>

#include "hw/synthesis/synthesize.h"
#include "tests/compress/random_encoder.h"
#include "tests/hw/serial_host.h"

using namespace ingot;
using test::has_program;

namespace {

constexpr int kLongest = 5;

// A core that takes a token a cycle, and answers a text by its tokens.
constexpr const char kEcho[] = R"verilog(
`default_nettype none
module echo (
    input  wire clk,
    input  wire rst,
    input  wire [32:0] data_in_0,
    input  wire data_in_0_valid,
    output wire data_in_0_ready,
    output wire [32:0] data_out_0,
    output wire data_out_0_valid,
    input  wire data_out_0_ready
);
  logic [32:0] words[0:15];
  logic [3:0] write_q, read_q;
  assign data_in_0_ready = 1'b1;
  assign data_out_0 = words[read_q];
  assign data_out_0_valid = write_q != read_q;
  always_ff @(posedge clk) begin
    if (data_in_0_valid) words[write_q] <= data_in_0;
    write_q <= rst ? 4'd0 : write_q + 4'(data_in_0_valid);
    read_q  <= rst ? 4'd0 : read_q + 4'(data_out_0_valid && data_out_0_ready);
  end
endmodule
`default_nettype wire
)verilog";

hw::EmittedRtl echo_rtl(const std::filesystem::path& folder) {
  test::put(folder / "echo.sv", kEcho);
  hw::EmittedRtl rtl{.folder = folder,
                     .manifest = {.top = "echo", .sources = {"echo.sv"}, .images = {}, .vectors = {}, .files = {}},
                     .graph = test::RandomEncoder({}, 3).graph()};
  rtl.manifest.core = hw::CoreSize{.pi = 1, .po = 1, .lanes = 1, .longest = kLongest};
  return rtl;
}

// Puts what Yosys is given to synthesise into `sources`, by a Yosys that keeps it and gives up.
void keep_sources(const hw::EmittedRtl& rtl, const std::filesystem::path& sources) {
  const test::TemporaryFolder programs;
  for (const auto& [program, text] : {std::pair<const char*, std::string>{"nextpnr-ice40", "#!/bin/sh\n"},
                                      {"yosys", fmt::format("#!/bin/sh\ncp *.sv '{}'\nexit 1\n", sources.string())}}) {
    test::put(programs / program, text);
    std::filesystem::permissions(programs / program, std::filesystem::perms::owner_all);
  }
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", (programs.path().string() + ":" + before).c_str(), 1);
  CHECK_THROWS(hw::synthesize(rtl, hw::Target::up5k, {.place = hw::PlacementOptions{.clock_mhz = 2}}));
  ::setenv("PATH", before.c_str(), 1);
}

}  // namespace

TEST_CASE("a core of a UP5K takes and gives texts through a serial line of 115,200 baud, and refuses after 50 ms") {
  if (!has_program("iverilog", "the Debian package iverilog")) return;
  const test::TemporaryFolder folder, sources;
  keep_sources(echo_rtl(folder.path()), sources.path());
  test::Conversation c;
  const std::vector<std::uint32_t> longest{0x01abcdef, 0xff000000, 0x00000102, 4, 5};
  c.text(longest);
  c.word(2);
  c.sent.push_back(6);
  c.sent.push_back(7 | test::kPause);  // which is short enough
  for (const std::uint32_t byte : {8, 9, 10, 11, 12, 13}) c.sent.push_back(byte);
  c.sent.back() |= test::kSilence;
  c.expect(0x09080706);
  c.expect(0x0d0c0b0a);
  c.word(kLongest + 1);
  for (const std::uint32_t token : longest) c.word(token);
  c.refused();
  const double bit = 1e9 / 115'200;
  const test::Line line{.instance = "echo_serial dut (.clk(clk), .rst(button), .rx(tx), .tx(rx));",
                        .clock = 500,
                        .send = bit,
                        .read = bit,
                        .edge = 0.3 * bit,
                        .silence = 50.5e6,
                        .pause = 49e6};
  const std::vector<std::string> files{"echo.sv", "uart_rx.sv", "uart_tx.sv", "uart_bridge.sv", "serial_line.sv"};
  CHECK(test::answers(sources.path(), files, line, c) == c.expected);
}
