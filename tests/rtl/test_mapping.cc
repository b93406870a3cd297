// What Yosys makes of plain memories and multipliers, in the cells that we have models of: their netlists against an
// array and arithmetic.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "engine/base/child.h"
#include "hw/synthesis/netlist.h"
#include "tests/rtl/batch.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace ingot::test {
namespace {

constexpr char kCycle[] =
    "  reg valid_q;\n  wire go = $s_valid && $s_ready;\n  assign $m_valid = valid_q;\n"
    "  assign $s_ready = !valid_q || $m_ready;\n"
    "  always @(posedge $clk) if ($rst) valid_q <= 1'b0; else if ($s_ready) valid_q <= $s_valid;\n";

void append_bits(Codes& to, std::int64_t value, int n) {
  for (int k = 0; k < n; ++k) to.push_back(static_cast<std::int32_t>(value >> k & 1));
}

// Reads one word and may write another in a cycle; a ROM only reads. A read of what is written is of what was there.
void add_memory(Batch& batch, int depth, int width, bool is_rom, engine::Rng& rng) {
  const auto below = [&](int n) { return static_cast<int>(rng.below(static_cast<std::uint64_t>(n))); };
  const auto n_bits = static_cast<std::size_t>(width);
  Codes contents(static_cast<std::size_t>(depth) * n_bits);
  for (std::int32_t& bit : contents) bit = below(2);
  const std::string image = batch.add_file(memory_text(contents, width, 1));
  Codes in, out;
  const int n_sweep = std::min(depth, 1024), last_words = depth - 16;
  for (int cycle = 0; cycle < n_sweep + 400; ++cycle) {
    const bool is_sweep = cycle < n_sweep;
    const int from = is_sweep ? cycle * (depth / n_sweep) + below(depth / n_sweep) : last_words + below(16);
    const int to = last_words + below(16), writes = is_sweep || is_rom ? 0 : below(2);
    append_bits(in, writes | from << 1 | std::int64_t{to} << 15, 29);
    const auto word = [&](int a) { return contents.begin() + std::int64_t{a} * width; };
    out.insert(out.end(), word(from), word(from) + width);
    Codes data(n_bits);
    for (std::int32_t& bit : data) bit = below(2);
    in.insert(in.end(), data.begin(), data.end());
    if (writes != 0) std::copy(data.begin(), data.end(), word(to));
  }
  batch.add(fmt::format("{} of {} words of {} bits", is_rom ? "ROM" : "RAM", depth, width),
            kCycle + fmt::format("  reg [{0}-1:0] memory[0:{1}-1];\n  reg [{0}-1:0] q;\n  assign $m = q;\n"
                                 "  initial $readmemh(\"{2}\", memory);\n  always @(posedge $clk) if (go) begin\n"
                                 "    {3}\n    q <= memory[$s[1+:{4}]];\n  end",
                                 width, depth, image,
                                 is_rom ? ""
                                        : fmt::format("if ($s[0]) memory[$s[15+:{}]] <= $s[29+:{}];",
                                                      std::bit_width(static_cast<unsigned>(depth - 1)), width),
                                 std::bit_width(static_cast<unsigned>(depth - 1))),
            {1, 29 + width, 1}, in, {1, width, 1}, out);
}

void add_multiplier(Batch& batch, int a_width, int b_width, bool is_signed, engine::Rng& rng) {
  constexpr std::size_t kProducts = 1000;
  const Codes a = random_codes(kProducts, a_width, is_signed, rng),
              b = random_codes(kProducts, b_width, is_signed, rng);
  Codes in, out;
  for (std::size_t i = 0; i < kProducts; ++i) {
    append_bits(in, a[i], a_width);
    append_bits(in, b[i], b_width);
    append_bits(out, std::int64_t{a[i]} * b[i], a_width + b_width);
  }
  const std::string sign = is_signed ? "signed " : "";
  batch.add(fmt::format("{}{} x {}", sign, a_width, b_width),
            kCycle + fmt::format("  wire {0}[{1}-1:0] a = $s[0+:{1}];\n  wire {0}[{2}-1:0] b = $s[{1}+:{2}];\n"
                                 "  reg {0}[{1}+{2}-1:0] q;\n  assign $m = q;\n"
                                 "  always @(posedge $clk) if (go) q <= a * b;",
                                 sign, a_width, b_width),
            {1, a_width + b_width, 1}, in, {1, a_width + b_width, 1}, out);
}

// What the netlist of a batch does wrong.
std::string netlist_complaints(const Batch& batch, hw::Target target, const std::vector<std::string>& models) {
  const TemporaryFolder folder;
  hw::Design design = batch.design();
  design.sources = {"top.sv"};
  const hw::Netlist netlist = hw::make_netlist(design, target, {.dsp = true}, folder.path());
  CHECK(without_luts(netlist.own_models) == models);
  return complaints(batch, hw::Simulation(netlist.design, hw::Simulator::verilator)
                               .run(batch.beats(), {.stalls = testbench::Stalls::random, .seed = 3}));
}

bool has_tools() {
  for (const char* program : {"yosys", "verilator_bin"}) {
    if (engine::find_program(program)) continue;
    MESSAGE("skipped: " << std::string(program) << " is missing");
    return false;
  }
  return true;
}

void add_all(Batch& batch, int widest_ram) {
  engine::Rng rng(9);
  for (const auto& [depth, width] : {std::pair(512, 72), {512, 36}, {1024, 18}, {1024, 9}, {4096, 4}, {16384, 1}}) {
    if (width <= widest_ram) add_memory(batch, depth, width, false, rng);
    add_memory(batch, depth, width, true, rng);
  }
  for (const bool is_signed : {false, true}) {
    for (const auto& [a, b] : {std::pair(4, 4), {9, 9}, {18, 18}, {25, 18}, {30, 30}})
      add_multiplier(batch, a, b, is_signed, rng);
  }
}

TEST_CASE("Memories and multipliers are in ECP5's cells what they are in Verilog") {
  if (!has_tools()) return;
  Batch batch;
  add_all(batch, 72);
  CHECK(netlist_complaints(batch, hw::Target::ecp5, {"DP16KD", "MULT18X18D"}) == "");
}

TEST_CASE("Memories and multipliers are in Xilinx's cells what they are in Verilog") {
  if (!has_tools()) return;
  Batch batch;
  add_all(batch, 36);
  CHECK(netlist_complaints(batch, hw::Target::xilinx, {"RAMB18E1", "RAMB36E1"}) == "");
}

TEST_CASE("A RAM of 72 bits that Yosys 0.23 would lose four of in RAMB36E1 is refused") {
  if (!has_tools()) return;
  engine::Rng rng(9);
  const auto refusal = [](const Batch& batch) {
    const TemporaryFolder folder;
    hw::Design design = batch.design();
    design.sources = {"top.sv"};
    return error_text([&] { hw::make_netlist(design, hw::Target::xilinx, {}, folder.path()); });
  };
  for (const int width : {64, 72}) {
    Batch batch;
    add_memory(batch, 512, width, false, rng);
    CHECK(contains(refusal(batch), "written in words of more than 36 bits, of which Yosys"));
  }
}

// All words are written, then read, while a memory of two ports is written again.
void add_memory_block(Batch& batch, int depth, int width, bool is_single, engine::Rng& rng) {
  const auto n_bits = static_cast<std::size_t>(width);
  const int address = std::bit_width(static_cast<unsigned>(depth - 1));  // its bits
  std::vector<Codes> words(static_cast<std::size_t>(depth), Codes(n_bits));
  Codes in, out;
  for (int cycle = 0; cycle < 3 * depth; ++cycle) {
    const bool writes = cycle < depth || !is_single;
    const int to = cycle % depth, from = (to + 7) % depth;
    append_bits(in, to, address);
    append_bits(in, from, address);
    append_bits(in, writes, 1);
    Codes data(n_bits);
    for (std::int32_t& bit : data) bit = static_cast<std::int32_t>(rng.below(2));
    in.insert(in.end(), data.begin(), data.end());
    const Codes read = cycle < depth ? Codes(n_bits) : words[static_cast<std::size_t>(from)];
    out.insert(out.end(), read.begin(), read.end());
    if (writes) words[static_cast<std::size_t>(to)] = data;
  }
  const std::string body = fmt::format(
      "  wire unused = $m_ready;\n  logic [1:0] valid_q, seen_q;\n  logic [10:0] n_q;\n  wire [{0}-1:0] word;\n"
      "  assign $s_ready = 1'b1;\n  assign $m_valid = valid_q[1];\n  assign $m = word & {{{0}{{seen_q[1]}}}};\n"
      "  always @(posedge $clk) begin\n    valid_q <= $rst ? 2'd0 : {{valid_q[0], $s_valid}};\n"
      "    seen_q <= {{seen_q[0], n_q >= 11'd{1}}};\n"
      "    if ($rst) n_q <= '0; else if ($s_valid) n_q <= n_q + 1'b1;\n  end\n"
      "  memory_block #(.WIDTH({0}), .DEPTH({1}), .SINGLE({2})) dut (.clk_i($clk), .write_i($s_valid && $s[{4}-1]),\n"
      "    .write_address_i($s[0+:{3}]), .data_i($s[{4}+:{0}]), .address_i($s[{3}+:{3}]), .data_o(word));\n",
      width, depth, is_single ? 1 : 0, address, 2 * address + 1);
  batch.add(fmt::format("{} words of {} bits, {}", depth, width, is_single ? "one port" : "two ports"), body,
            {1, 2 * address + 1 + width, 1}, in, {1, width, 1}, out);
}

std::string memory_block_complaints(const Batch& batch, const hw::Design& design) {
  return complaints(
      batch, hw::Simulation(design, hw::Simulator::verilator).run(batch.beats(), {.stalls = testbench::Stalls::none}));
}

std::vector<std::string> memory_block_sources() {
  std::vector<std::string> sources;
  for (const char* module : {"split_ram", "memory_block"})
    sources.push_back(fmt::format("{}/{}.sv", INGOT_RTL, module));
  sources.emplace_back("top.sv");
  return sources;
}

hw::Netlist memory_block_netlist(const Batch& batch, hw::Target target, const TemporaryFolder& folder) {
  hw::Design design = batch.design();
  design.sources = memory_block_sources();
  return hw::make_netlist(design, target, {}, folder.path());
}

TEST_CASE("A memory_block of as many bits has all of them") {
  if (!has_tools()) return;
  engine::Rng rng(10);
  Batch batch;
  for (const bool is_single : {false, true}) add_memory_block(batch, 512, 72, is_single, rng);
  const TemporaryFolder folder;
  const hw::Netlist netlist = memory_block_netlist(batch, hw::Target::xilinx, folder);
  CHECK(netlist.synthesis.bram == 4);
  CHECK(memory_block_complaints(batch, netlist.design) == "");
}

TEST_CASE("A memory_block has all words and bits where its parts are not equal, and words no power of two") {
  if (!has_tools()) return;
  engine::Rng rng(11);
  Batch batch;
  for (const auto& [depth, width] : {std::pair(512, 1), {16, 36}, {24, 37}, {511, 80}, {33, 110}}) {
    for (const bool is_single : {false, true}) add_memory_block(batch, depth, width, is_single, rng);
  }
  hw::Design design = batch.design();
  design.sources = memory_block_sources();
  CHECK(memory_block_complaints(batch, design) == "");
}

TEST_CASE("Of a UP5K a memory_block of one port takes large RAMs, one of two ports block RAMs; both have all words") {
  if (!has_tools()) return;
  engine::Rng rng(12);
  Batch batch;
  for (const bool is_single : {false, true}) add_memory_block(batch, 512, 32, is_single, rng);
  const TemporaryFolder folder;
  const hw::Netlist netlist = memory_block_netlist(batch, hw::Target::up5k, folder);
  CHECK(netlist.synthesis.cells.value("SB_SPRAM256KA", 0) == 2);  // of 16 bits each
  CHECK(netlist.synthesis.bram == 4);                             // 512 x 8
  CHECK(memory_block_complaints(batch, netlist.design) == "");
}

}  // namespace
}  // namespace ingot::test
