// A whole model on a board: frames of tokens come in through a serial line, answers go out.
#include <fmt/format.h>

#include <cmath>
#include <set>
#include <sstream>

#include "tests/hw/serial_host.h"
#include "tests/support/error_text.h"

using namespace ingot;
using test::contains;
using test::error_text;
using test::has_program;

namespace {

// The board with a model that answers a text by its tokens, 8 cycles a bit. The host's clock is 2% slower.
std::string board_answers(const test::Conversation& conversation) {
  const test::TemporaryFolder folder;
  test::put_package(folder.path(), test::echo_package());
  test::put(folder / "echo.sv", test::kEcho);
  return test::answers(
      folder.path(), {"-f", "echo.f", "uart_rx.sv", "uart_tx.sv", "uart_bridge.sv", "ulx3s_top.sv"},
      {.instance = "wire [7:0] led; wire gpio; ulx3s_top #(.CYCLES(8), .IDLE(2000)) dut (.clk_25mhz(clk), "
                   ".btn(button), .ftdi_txd(tx), .ftdi_rxd(rx), .led(led), .wifi_gpio0(gpio));",
       .clock = 100,
       .send = 816,
       .read = 800,
       .edge = 50,
       .silence = 900'000,
       .pause = 4'000},
      conversation);
}

}  // namespace

TEST_CASE("texts go through the serial line of the board and come back; what is no text is refused") {
  if (!has_program("iverilog", "the Debian package iverilog")) return;
  test::Conversation c;
  c.text({0x01abcdef, 0xff000000, 0x00000102});
  c.text({5});
  std::vector<std::uint32_t> longest;
  for (std::uint32_t i = 0; i < 16; ++i) longest.push_back(0x9e3779b9u * (i + 1));
  c.text(longest);
  c.word(0);  // a text of no tokens
  c.refused();
  c.word(17);  // of too many
  for (const std::uint32_t token : longest) c.word(token);
  c.refused();
  c.word(3);  // of fewer than were announced
  c.word(1);
  c.word(2);
  c.sent.pop_back();
  c.refused();
  c.word(2);  // of a damaged byte
  c.word(1, test::kNoStop);
  c.word(2);
  c.refused();
  c.sent.push_back(7);  // not even a length
  c.refused();
  c.text({1, 2, 3, 4});
  CHECK(board_answers(c) == c.expected);
}

TEST_CASE("damaged bytes, spikes, early bytes and the reset leave nothing behind on the serial line") {
  if (!has_program("iverilog", "the Debian package iverilog")) return;
  test::Conversation c;
  for (const std::uint32_t byte : {1 | test::kNoStop, 0u, 0u, 0u, 5u, 0u, 0u, 0u}) c.sent.push_back(byte);
  c.refused();
  // Without the damaged byte, and with one byte more, each would be another text.
  c.word(1, test::kNoStop);
  c.word(0x33221100);
  c.sent.push_back(4);
  c.refused();
  c.word(2);
  c.word(1, test::kNoStop);
  c.word(2);
  c.sent.push_back(0);
  c.refused();
  // A broken line is no silence: a text behind it is part of what is refused, as is what follows a length of 0.
  c.sent.push_back(7);
  c.sent.push_back(1 | test::kBreak);
  for (int i = 0; i < 3; ++i) c.sent.push_back(0);
  c.word(5);
  c.refused();
  for (std::uint32_t i = 0; i < 17; ++i) c.word(i);
  c.refused();
  c.sent.push_back(1 | test::kSpike);
  for (const std::uint32_t byte : {0, 0, 0, 0x12, 0x34, 0x56, 0x78}) c.sent.push_back(byte);
  c.sent.back() |= test::kSilence;
  c.expect(0x78563412);
  // Three bytes within the 40 bits that an answer of one word takes.
  c.text({5});
  c.sent.back() &= ~test::kSilence;
  for (const std::uint32_t byte : {1u | test::kPause, 2u, 3u | test::kSilence}) c.sent.push_back(byte);
  c.word(3);
  c.word(1);
  c.sent.push_back(9 | test::kReset);
  c.text({1, 2});
  CHECK(board_answers(c) == c.expected);
}

TEST_CASE("the testbench of a whole model passes its packets, with tlast through AXI4-Stream") {
  if (!has_program("iverilog", "the Debian package iverilog")) return;
  const test::TemporaryFolder folder;
  hw::PackageInfo info = test::echo_package();
  test::put_package(folder.path(), info);
  test::put(folder / "echo.sv", test::kEcho);
  const engine::ChildResult passed = test::make(folder.path(), {"icarus"});
  CHECK(passed.code == 0);
  CHECK(test::count(passed.output, "PASS 6 beats") == 2);
  info.output_beats[2][0] = '0';  // its mark of the last beat
  test::put_package(folder.path(), info);
  const engine::ChildResult failed = test::make(folder.path(), {"icarus"});
  CHECK(failed.code != 0);
  CHECK(contains(failed.output, "FAIL beat 2: got 1ff123456, expected 0ff123456"));
}

TEST_CASE("Yosys makes cells of the board's top module, with the PLL") {
  if (!has_program("yosys", "the Debian package yosys")) return;
  const test::TemporaryFolder folder;
  test::put_package(folder.path(), test::echo_package());
  test::put(folder / "echo.sv", test::kEcho);
  const engine::ChildResult result = test::make(folder.path(), {"build/ulx3s.json"});
  CHECK(result.code == 0);
  CHECK(contains(result.output + engine::read_file(folder / "build/ulx3s_cells.txt"), "EHXPLLL"));
}

TEST_CASE("the PLL comes as close to a clock as its ranges allow, from below") {
  for (const double mhz : {10.0, 25.0, 60.0, 66.7, 80.0, 84.0, 98.6, 100.0, 133.3, 400.0}) {
    CAPTURE(mhz);
    const hw::Ecp5Pll pll = hw::ecp5_pll(mhz);
    CHECK(pll.mhz() <= mhz + 1e-6);
    CHECK(25.0 / pll.input >= 3.125);
    CHECK(pll.mhz() * pll.output >= 400);
    CHECK(pll.mhz() * pll.output <= 800);
    CHECK(pll.output <= 128);
    double best = 0;  // by trying all
    for (int input = 1; input <= 8; ++input) {
      for (int feedback = 1; feedback <= 128; ++feedback) {
        const double got = 25.0 * feedback / input;
        for (int output = 1; output <= 128; ++output)
          if (got <= mhz + 1e-6 && got * output >= 400 && got * output <= 800) best = std::max(best, got);
      }
    }
    CHECK(pll.mhz() == doctest::Approx(best));
  }
  CHECK(hw::ecp5_pll(80).mhz() == 80);
  CHECK(contains(error_text([] { hw::ecp5_pll(500); }), "must be 10 to 400 MHz, got 500"));
}

TEST_CASE("the board's top module has the numbers of its PLL, and each of its pins a site of its own") {
  std::string top, pins;
  for (const hw::PackageFile& file : hw::package_files(test::echo_package())) {
    if (file.name == "ulx3s_top.sv") top = file.text;
    if (file.name == "ulx3s.lpf") pins = file.text;
  }
  const auto number = [&](const std::string& name) {
    const std::size_t at = top.find("." + name + "(");
    REQUIRE(at != std::string::npos);
    return std::atof(top.c_str() + at + name.size() + 2);
  };
  const double mhz = 25 * number("CLKFB_DIV") / number("CLKI_DIV");
  CHECK(mhz == 80);
  CHECK(mhz * number("CLKOP_DIV") >= 400);
  CHECK(mhz * number("CLKOP_DIV") <= 800);
  CHECK(number("CLKOP_CPHASE") == number("CLKOP_DIV") - 1);  // in phase with what comes in
  std::set<std::string> names, sites;
  std::istringstream lines(pins);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string locate, comp, name, at, site;
    if (words >> locate >> comp >> name >> at >> site && locate == "LOCATE") {
      names.insert(name);
      sites.insert(site);
    }
  }
  CHECK(names.size() == 13);  // a clock, a button, two of the line, eight of LEDs, one that keeps another chip away
  CHECK(sites.size() == names.size());
}

TEST_CASE("baud rates that the clock does not divide well are refused") {
  CHECK(hw::cycles_of_bit(80, 1'000'000) == 80);
  CHECK(hw::cycles_of_bit(80, 3'000'000) == 27);
  CHECK(hw::cycles_of_bit(60, 115'200) == 521);
  CHECK(contains(error_text([] { hw::cycles_of_bit(11, 3'000'000); }), "3.67 cycles a bit"));
  CHECK(contains(error_text([] { hw::cycles_of_bit(60, 30'000'000); }), "at least 4"));
  CHECK(hw::baud_for(62.5) == 1'000'000);
  CHECK(hw::baud_for(12.5) == 115'200);
  for (int mhz = 10; mhz <= 400; ++mhz) {  // no clock is refused for its serial line
    const double clock = hw::ecp5_pll(mhz).mhz();
    CHECK(hw::cycles_of_bit(clock, hw::baud_for(clock)) >= 10);
  }
}
