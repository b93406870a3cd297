// Two products of one multiplier: all there are of the widths that it is made for, and the multipliers that they take.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "engine/base/child.h"
#include "hw/synthesis/netlist.h"
#include "tests/rtl/batch.h"
#include "tests/support/temporary_folder.h"

namespace ingot::test {
namespace {

bool has_tools(const std::vector<std::string>& programs) {
  for (const std::string& program : programs) {
    if (engine::find_program(program)) continue;
    MESSAGE("skipped: " << program << " is missing: install its Debian package");
    return false;
  }
  return true;
}

struct Factors {
  std::int32_t a, b0, b1;
};

// A word a cycle: a, b0 and b1 become a b0 and a b1.
void add_products(Batch& batch, int a_width, int b_width, std::span<const Factors> factors) {
  const int s = a_width + b_width;
  Codes in, out;
  const auto append_bits = [](Codes& to, std::int64_t value, int n) {
    for (int k = 0; k < n; ++k) to.push_back(static_cast<std::int32_t>(value >> k & 1));
  };
  for (const Factors& f : factors) {
    append_bits(in, f.a, a_width);
    append_bits(in, f.b0, b_width);
    append_bits(in, f.b1, b_width);
    append_bits(out, std::int64_t{f.a} * f.b0, s);
    append_bits(out, std::int64_t{f.a} * f.b1, s);
  }
  const std::string body = fmt::format(
      "  logic valid_q;\n  assign $m_valid = valid_q;\n  assign $s_ready = !valid_q || $m_ready;\n"
      "  always_ff @(posedge $clk) if ($rst) valid_q <= 1'b0; else if ($s_ready) valid_q <= $s_valid;\n"
      "  double_product #(.A_WIDTH({0}), .B_WIDTH({1})) i_double (.clk_i($clk), .enable_i($s_ready), "
      ".a_i($s[0+:{0}]),\n"
      "    .b0_i($s[{0}+:{1}]), .b1_i($s[{2}+:{1}]), .product0_o($m[0+:{2}]), .product1_o($m[{2}+:{2}]));\n",
      a_width, b_width, s);
  batch.add(fmt::format("{} x {}", a_width, b_width), body, {1, s + b_width, 1}, in, {1, 2 * s, 1}, out);
}

std::int32_t lowest(int width) { return -(1 << (width - 1)); }
std::int32_t highest(int width) { return (1 << (width - 1)) - 1; }

// All of them whose a is from `first` to `last`.
std::vector<Factors> all_factors(int b_width, std::int32_t first, std::int32_t last) {
  std::vector<Factors> all;
  for (std::int32_t a = first; a <= last; ++a)
    for (std::int32_t b0 = lowest(b_width); b0 <= highest(b_width); ++b0)
      for (std::int32_t b1 = lowest(b_width); b1 <= highest(b_width); ++b1) all.push_back({a, b0, b1});
  return all;
}

std::vector<Factors> random_factors(int a_width, int b_width, std::size_t n, engine::Rng& rng) {
  const Codes a = random_codes(n, a_width, true, rng), b0 = random_codes(n, b_width, true, rng),
              b1 = random_codes(n, b_width, true, rng);
  std::vector<Factors> some;
  for (std::size_t i = 0; i < n; ++i) some.push_back({a[i], b0[i], b1[i]});
  for (const std::int32_t of_a : {lowest(a_width), highest(a_width)})
    for (const std::int32_t of_b0 : {lowest(b_width), highest(b_width)})
      for (const std::int32_t of_b1 : {lowest(b_width), highest(b_width)}) some.push_back({of_a, of_b0, of_b1});
  return some;
}

TEST_CASE("Both products are exact for all 2^24 factors of 8 bits") {
  if (!has_tools({"verilator_bin"})) return;
  constexpr std::int32_t kStep = 8;  // of a: 2^19 pairs of products at a time
  Batch first;
  add_products(first, 8, 8, all_factors(8, -128, -128 + kStep - 1));
  const hw::Simulation simulation(first.design(), hw::Simulator::verilator);
  for (std::int32_t a = -128; a < 128; a += kStep) {
    Batch batch;
    add_products(batch, 8, 8, all_factors(8, a, a + kStep - 1));
    CHECK(complaints(batch, simulation.run(batch.beats(), {.stalls = testbench::Stalls::none, .watchdog = 100})) == "");
  }
}

TEST_CASE("Both products are exact for all factors of 8 and 3 and of 8 and 4 bits, and for others whatever waits") {
  if (!has_tools({"verilator_bin"})) return;
  engine::Rng rng(5);
  Batch batch;
  for (const int width : {3, 4}) add_products(batch, 8, width, all_factors(width, -128, 127));
  for (const auto& [a, b] : {std::pair(1, 1), {2, 5}, {9, 4}, {12, 6}, {16, 10}, {3, 15}})
    add_products(batch, a, b, random_factors(a, b, 2000, rng));
  const hw::Simulation simulation(batch.design(), hw::Simulator::verilator);
  CHECK(complaints(batch, simulation.run(batch.beats(), {.stalls = testbench::Stalls::random, .seed = 3})) == "");
}

TEST_CASE("Icarus finds the same products") {
  if (!has_tools({"iverilog"})) return;
  engine::Rng rng(6);
  Batch batch;
  for (const auto& [a, b] : {std::pair(8, 8), {8, 4}, {5, 7}})
    add_products(batch, a, b, random_factors(a, b, 500, rng));
  CHECK(complaints(batch, hw::Simulation(batch.design(), hw::Simulator::icarus).run(batch.beats(), {})) == "");
}

// The widest pair that a family's multiplier takes; its netlist has one multiplier and gives the products.
void check_multiplier(hw::Target target, int a_width, int b_width, const std::string& cell) {
  if (!has_tools({"yosys", "verilator_bin"})) return;
  engine::Rng rng(7);
  Batch batch;
  add_products(batch, a_width, b_width, random_factors(a_width, b_width, 4000, rng));
  hw::Design design = batch.design();
  design.sources = {std::string(INGOT_RTL) + "/double_product.sv", "top.sv"};
  const TemporaryFolder folder;
  const hw::Netlist netlist = hw::make_netlist(design, target, {.dsp = true}, folder.path());
  CHECK(netlist.synthesis.dsp == 1);
  CHECK(netlist.synthesis.cells.value(cell, 0) == 1);
  CHECK(complaints(batch, hw::Simulation(netlist.design, hw::Simulator::verilator)
                              .run(batch.beats(), {.stalls = testbench::Stalls::random, .seed = 3})) == "");
}

TEST_CASE("Two products of 8 bits take one DSP48E1, and its netlist gives them") {
  check_multiplier(hw::Target::xilinx, 8, 8, "DSP48E1");
}

TEST_CASE("Two products of 8 and 4 bits take one MULT18X18D, and its netlist gives them") {
  check_multiplier(hw::Target::ecp5, 8, 4, "MULT18X18D");
  check_multiplier(hw::Target::ecp5, 8, 3, "MULT18X18D");
}

TEST_CASE("Two products of 8 and 3 bits take one SB_MAC16, and its netlist gives them") {
  check_multiplier(hw::Target::up5k, 8, 3, "SB_MAC16");
}

}  // namespace
}  // namespace ingot::test
