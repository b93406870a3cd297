// Our models of vendors' cells, each alone: against arithmetic and an array of bits, in both simulators.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "engine/base/child.h"
#include "hw/synthesis/netlist.h"
#include "tests/rtl/batch.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace ingot::test {
namespace {

// One beat in is a cycle of the cell that `$go` enables; the beat out is what its outputs are after it.
constexpr char kCycle[] =
    "  reg valid_q;\n  wire go = $s_valid && $s_ready && !$rst;\n  assign $m_valid = valid_q;\n"
    "  assign $s_ready = !valid_q || $m_ready;\n"
    "  always @(posedge $clk) if ($rst) valid_q <= 1'b0; else if ($s_ready) valid_q <= $s_valid;\n";

// Runs the batch with the models in every simulator that is there.
void check_in_simulators(const Batch& batch) {
  const TemporaryFolder folder;
  std::vector<std::string> models;
  for (const hw::CellModel& model : hw::cell_models()) {
    models.push_back((folder / (model.name + ".v")).string());
    put(models.back(), model.text);
  }
  for (const auto& [simulator, program] :
       {std::pair(hw::Simulator::icarus, "iverilog"), std::pair(hw::Simulator::verilator, "verilator_bin")}) {
    if (!engine::find_program(program)) {
      MESSAGE("skipped: " << std::string(program) << " is missing");
      continue;
    }
    hw::Design design = batch.design();
    design.sources = {"top.sv"};
    auto& to = simulator == hw::Simulator::verilator ? design.libraries : design.sources;
    to.insert(to.end(), models.begin(), models.end());
    INFO(std::string(program));
    try {
      const std::string found =
          complaints(batch, hw::Simulation(design, simulator).run(batch.beats(), {.stalls = testbench::Stalls::none}));
      CHECK(found == "");
    } catch (const engine::Failure& failure) {
      FAIL_CHECK(std::string(failure.what()) << "\n" << failure.details().substr(0, 2000));
    }
  }
}

std::string bus(const std::string& port, const std::string& value, int bits) {  // port PORT0, PORT1, ...
  std::string text;
  for (int i = 0; i < bits; ++i) text += fmt::format(", .{0}{1}({2}[{1}])", port, i, value);
  return text;
}

TEST_CASE("MULT18X18D multiplies, each operand signed or not") {
  engine::Rng rng(5);
  Batch batch;
  for (const bool is_a_signed : {false, true}) {
    for (const bool is_b_signed : {false, true}) {
      const std::size_t n = 10'000;
      const Codes a = random_codes(n, 18, is_a_signed, rng), b = random_codes(n, 18, is_b_signed, rng);
      Codes in, out;
      for (std::size_t i = 0; i < n; ++i) {
        const std::int64_t product = std::int64_t{a[i]} * b[i];
        in.insert(in.end(), {a[i], b[i]});
        out.insert(out.end(), {static_cast<std::int32_t>(product & 0x3ffff), static_cast<std::int32_t>(product >> 18)});
      }
      batch.add(
          fmt::format("signed {} {}", is_a_signed, is_b_signed),
          fmt::format("  wire [17:0] a = $s[17:0], b = $s[35:18];\n  wire [35:0] p;\n  assign $m = p;\n"
                      "  assign $m_valid = $s_valid;\n  assign $s_ready = $m_ready;\n"
                      "  MULT18X18D dut (.SIGNEDA(1'b{}), .SIGNEDB(1'b{}), .SOURCEA(1'b0), .SOURCEB(1'b0){}{}{});",
                      int{is_a_signed}, int{is_b_signed}, bus("A", "a", 18), bus("B", "b", 18), bus("P", "p", 36)),
          {18, 2, 1}, in, {18, 2, 1}, out);
    }
  }
  check_in_simulators(batch);
}

// Block RAMs. A port's pins in a beat: enable, 8 write enables, 16 bits of address, 72 of data.
constexpr int kPortBits = 97, kLane = 72;

enum class Mode { no_change, read_first, write_first };

struct Port {
  int read, write;  // bits, 0 if it does not
  Mode mode = Mode::read_first;
};

struct Ram {
  std::string cell;
  Port a, b;
  bool is_simple = false;  // Xilinx: A reads, B writes

  int n_bytes() const { return cell == "RAMB36E1" ? 4096 : 2048; }
};

// The contents as vendors document them: eight lower bits of all bytes, and the ninth ones. Words of less than nine
// bits lie in the lower bits alone.
struct Contents {
  std::vector<int> data, ninth;

  int& bit(int width, int word, int k) {
    if (width < 9) return data[static_cast<std::size_t>(word * width + k)];
    const int byte = word * (width / 9) + k / 9;
    return k % 9 == 8 ? ninth[static_cast<std::size_t>(byte)] : data[static_cast<std::size_t>(byte * 8 + k % 9)];
  }
};

int address_bits(int width) {  // that choose within a word
  return width < 9 ? std::countr_zero(static_cast<unsigned>(width))
                   : 3 + std::countr_zero(static_cast<unsigned>(width / 9));
}

std::string hex(const std::vector<int>& bits) {  // the lowest first
  std::string digits;
  for (std::size_t i = 0; i < bits.size(); i += 4)
    digits.push_back("0123456789abcdef"[bits[i] | bits[i + 1] << 1 | bits[i + 2] << 2 | bits[i + 3] << 3]);
  std::reverse(digits.begin(), digits.end());
  return fmt::format("{}'h{}", bits.size(), digits);
}

std::string init_parameters(const Ram& ram, const Contents& contents) {
  std::string text;
  const auto slices = [&](const std::string& name, const std::vector<int>& bits, std::size_t n) {
    for (std::size_t at = 0; at < bits.size(); at += n)
      text += fmt::format(", .{}_{:02X}({})", name, at / n, hex({&bits[at], &bits[at] + n}));
  };
  if (ram.cell != "DP16KD") {
    slices("INIT", contents.data, 256);
    slices("INITP", contents.ninth, 256);
    return text;
  }
  std::vector<int> words;  // 18 bits in 20
  for (int word = 0; word < 1024; ++word) {
    for (int k = 0; k < 20; ++k) words.push_back(k < 18 ? Contents(contents).bit(18, word, k) : 0);
  }
  slices("INITVAL", words, 320);
  return text;
}

std::string lanes(const std::string& value, int from, int n, bool ninth) {  // of bytes of nine: {..., byte from}
  std::string text;
  for (int i = n; i-- > 0;)
    text += fmt::format("{}{}[{}]", text.empty() ? "{" : ", ", value,
                        ninth ? fmt::format("{}", 9 * (from + i) + 8) : fmt::format("{}+:8", 9 * (from + i)));
  return text + "}";
}

std::string xilinx_body(const Ram& ram, const std::string& init) {
  constexpr const char* kModes[] = {"NO_CHANGE", "READ_FIRST", "WRITE_FIRST"};
  const int half = ram.cell == "RAMB36E1" ? 4 : 2;
  const bool wide_write = ram.is_simple && ram.b.write == 18 * half;
  const std::string a_data = wide_write ? "b_di" : "a_di";
  return fmt::format(
      "  wire [{h}*9-1:0] lo, hi;\n  {cell} #(.RAM_MODE(\"{mode}\"), .READ_WIDTH_A({ra}), .WRITE_WIDTH_A({wa}), "
      ".READ_WIDTH_B({rb}), .WRITE_WIDTH_B({wb}), .WRITE_MODE_A(\"{ma}\"), .WRITE_MODE_B(\"{mb}\"){init}) dut (\n"
      "    .CLKARDCLK($clk), .CLKBWRCLK($clk), .ENARDEN(a_en), .ENBWREN(b_en), .ADDRARDADDR(a_ad), "
      ".ADDRBWRADDR(b_ad),\n"
      "    .REGCEAREGCE(1'b0), .REGCEB(1'b0), .RSTRAMARSTRAM(1'b0), .RSTRAMB(1'b0), .RSTREGARSTREG(1'b0), "
      ".RSTREGB(1'b0),\n    .WEA(a_we[{h}-1:0]), .WEBWE({{{{(8-2*{h}){{1'b0}}}}, b_we}}),\n"
      "    .DIADI({dia}), .DIPADIP({dipa}), .DIBDI({dib}), .DIPBDIP({dipb}),\n"
      "    .DOADO({doa}), .DOPADOP({dopa}), .DOBDO({dob}), .DOPBDOP({dopb}));\n"
      "  assign a_do = {a_do};\n  assign b_do = hi;",
      fmt::arg("h", half), fmt::arg("cell", ram.cell), fmt::arg("mode", ram.is_simple ? "SDP" : "TDP"),
      fmt::arg("ra", ram.a.read), fmt::arg("wa", ram.a.write), fmt::arg("rb", ram.b.read), fmt::arg("wb", ram.b.write),
      fmt::arg("ma", kModes[static_cast<int>(ram.a.mode)]), fmt::arg("mb", kModes[static_cast<int>(ram.b.mode)]),
      fmt::arg("init", init), fmt::arg("dia", lanes(a_data, 0, half, false)),
      fmt::arg("dipa", lanes(a_data, 0, half, true)),
      fmt::arg("dib", lanes("b_di", wide_write ? half : 0, half, false)),
      fmt::arg("dipb", lanes("b_di", wide_write ? half : 0, half, true)), fmt::arg("doa", lanes("lo", 0, half, false)),
      fmt::arg("dopa", lanes("lo", 0, half, true)), fmt::arg("dob", lanes("hi", 0, half, false)),
      fmt::arg("dopb", lanes("hi", 0, half, true)), fmt::arg("a_do", ram.is_simple ? "{hi, lo}" : "lo"));
}

// A port of 18 or 36 bits has its byte enables at its lowest address pins; one of 36 bits its upper half at the
// other's.
std::string ecp5_body(const Ram& ram, const std::string& init) {
  constexpr const char* kModes[] = {"NORMAL", "READBEFOREWRITE", "WRITETHROUGH"};
  const auto address = [](const std::string& port, int write) {
    return write < 18 ? port + "_ad" : fmt::format("{{{0}_ad[13:{1}], {0}_we[{1}-1:0]}}", port, write / 9);
  };
  const auto width = [](const Port& port) { return std::max(port.read, port.write); };
  return fmt::format(
      "  wire [17:0] doa, dob;\n  wire [17:0] dia = a_di[17:0], dib = {dib};\n  wire [13:0] ada = {ada}, adb = {adb};\n"
      "  DP16KD #(.DATA_WIDTH_A({wa}), .DATA_WIDTH_B({wb}), .WRITEMODE_A(\"{ma}\"), .WRITEMODE_B(\"{mb}\"){init}) dut "
      "(\n"
      "    .CLKA($clk), .CLKB($clk), .CEA(a_en), .CEB(b_en), .OCEA(1'b1), .OCEB(1'b1), .WEA(|a_we), .WEB(|b_we), "
      ".RSTA(1'b0), .RSTB(1'b0), .CSA0(1'b0), .CSA1(1'b0), .CSA2(1'b0), .CSB0(1'b0), .CSB1(1'b0), .CSB2(1'b0)"
      "{pins});\n  assign a_do = doa;\n  assign b_do = {b_do};",
      fmt::arg("dib", ram.a.write == 36 ? "a_di[35:18]" : "b_di[17:0]"), fmt::arg("ada", address("a", ram.a.write)),
      fmt::arg("adb", address("b", ram.b.write)), fmt::arg("wa", width(ram.a)), fmt::arg("wb", width(ram.b)),
      fmt::arg("ma", kModes[static_cast<int>(ram.a.mode)]), fmt::arg("mb", kModes[static_cast<int>(ram.b.mode)]),
      fmt::arg("init", init),
      fmt::arg("pins", bus("DIA", "dia", 18) + bus("DIB", "dib", 18) + bus("ADA", "ada", 14) + bus("ADB", "adb", 14) +
                           bus("DOA", "doa", 18) + bus("DOB", "dob", 18)),
      fmt::arg("b_do", ram.b.read == 36 ? "{dob, doa}" : "dob"));
}

// A port's cycle, and what it reads.
struct Access {
  bool enable = false;
  int address = 0, write = 0;  // write enables of bytes
  std::vector<int> data = std::vector<int>(kLane);
};

void read(Contents& contents, const Port& port, const Access& access, std::vector<int>& out) {
  for (int k = 0; k < port.read; ++k)
    out[static_cast<std::size_t>(k)] = contents.bit(port.read, access.address >> address_bits(port.read), k);
}

void work(Contents& contents, const Port& port, const Access& access, std::vector<int>& out) {
  if (!access.enable) return;
  if (access.write == 0 || port.mode == Mode::read_first) read(contents, port, access, out);
  for (int k = 0; k < port.write; ++k) {
    if ((access.write >> k / 9 & 1) != 0)
      contents.bit(port.write, access.address >> address_bits(port.write), k) =
          access.data[static_cast<std::size_t>(k)];
  }
  if (access.write != 0 && port.mode == Mode::write_first) read(contents, port, access, out);
}

int n_words(const Ram& ram, const Port& port) {
  return port.read == 0 ? 0 : ram.n_bytes() * 8 >> address_bits(port.read);
}

// Cycles that read all words of each port, of those of fewer bits than nine at least 512.
int n_sweep(const Ram& ram) {
  const auto of_port = [&](const Port& port) { return port.read < 9 ? 512 : n_words(ram, port); };
  return std::max(of_port(ram.a), of_port(ram.b));
}

// All words, then random work at few addresses.
Access draw(const Ram& ram, const Port& port, int cycle, engine::Rng& rng) {
  const auto below = [&](int n) { return static_cast<int>(rng.below(static_cast<std::uint64_t>(n))); };
  Access access;
  const int words = std::max(1, n_words(ram, port));
  const bool is_sweep = cycle < n_sweep(ram);
  access.enable = cycle == 0 || below(4) != 0 || is_sweep;
  access.address = is_sweep ? static_cast<int>(std::int64_t{cycle} * std::max(1, words / n_sweep(ram)) % words)
                                  << address_bits(std::max(port.read, 1))
                            : below(2) * (ram.n_bytes() * 8 - 256) + below(256);
  if (port.read > 0 && port.read < 9 && is_sweep) access.address = (access.address + below(8)) % (ram.n_bytes() * 8);
  if (!is_sweep && port.write > 0) access.write = below(2) * below(1 << std::max(1, port.write / 9));
  for (int& bit : access.data) bit = below(2);
  return access;
}

void add_ram(Batch& batch, const Ram& ram, engine::Rng& rng) {
  Contents contents{std::vector<int>(static_cast<std::size_t>(ram.n_bytes() * 8)),
                    std::vector<int>(static_cast<std::size_t>(ram.n_bytes()))};
  for (int& bit : contents.data) bit = static_cast<int>(rng.below(2));
  for (int& bit : contents.ninth) bit = static_cast<int>(rng.below(2));
  const std::string init = init_parameters(ram, contents);
  std::string body = kCycle;
  for (int p = 0; p < 2; ++p) {
    body += fmt::format(
        "  wire {0}_en = go && $s[{1}];\n  wire [7:0] {0}_we = $s[{1}+1+:8];\n  wire [15:0] {0}_ad = $s[{1}+9+:16];\n"
        "  wire [71:0] {0}_di = $s[{1}+25+:72];\n  wire [71:0] {0}_do;\n",
        p == 0 ? "a" : "b", p * kPortBits);
    const int n = p == 0 ? ram.a.read : ram.b.read;
    body += fmt::format("  assign $m[{}+:72] = {};\n", p * kLane,
                        n == 0 ? "72'd0" : fmt::format("{}_do & ((72'd1 << {}) - 72'd1)", p == 0 ? "a" : "b", n));
  }
  body += ram.cell == "DP16KD" ? ecp5_body(ram, init) : xilinx_body(ram, init);
  Codes in, out;
  std::array<std::vector<int>, 2> outputs{std::vector<int>(kLane), std::vector<int>(kLane)};
  for (int cycle = 0; cycle < n_sweep(ram) + 600; ++cycle) {
    std::array<Access, 2> access{draw(ram, ram.a, cycle, rng), draw(ram, ram.b, cycle, rng)};
    // What one port reads or writes where the other writes is undefined.
    if ((access[0].write | access[1].write) != 0 && access[0].address >> 6 == access[1].address >> 6)
      access[rng.below(2)].enable = false;
    for (std::size_t p = 0; p < 2; ++p) {
      work(contents, p == 0 ? ram.a : ram.b, access[p], outputs[p]);
      in.push_back(access[p].enable);
      for (int k = 0; k < 8; ++k) in.push_back(access[p].write >> k & 1);
      for (int k = 0; k < 16; ++k) in.push_back(access[p].address >> k & 1);
      in.insert(in.end(), access[p].data.begin(), access[p].data.end());
      out.insert(out.end(), outputs[p].begin(), outputs[p].end());
    }
  }
  batch.add(fmt::format("{} A {}/{} B {}/{}", ram.cell, ram.a.read, ram.a.write, ram.b.read, ram.b.write), body,
            {1, 2 * kPortBits, 1}, in, {1, 2 * kLane, 1}, out);
}

void check_rams(const std::vector<Ram>& rams) {
  engine::Rng rng(7);
  Batch batch;
  for (const Ram& ram : rams) add_ram(batch, ram, rng);
  check_in_simulators(batch);
}

TEST_CASE("DP16KD is an array of bits, whatever the widths and modes of its ports") {
  check_rams({{"DP16KD", {1, 1, Mode::no_change}, {9, 9, Mode::write_first}},
              {"DP16KD", {2, 2, Mode::read_first}, {18, 18, Mode::no_change}},
              {"DP16KD", {4, 4, Mode::write_first}, {4, 4, Mode::read_first}},
              {"DP16KD", {9, 9, Mode::no_change}, {1, 1, Mode::read_first}},
              {"DP16KD", {18, 18, Mode::write_first}, {2, 2, Mode::write_first}},
              {"DP16KD", {18, 18, Mode::read_first}, {18, 18, Mode::write_first}},
              {"DP16KD", {0, 36}, {36, 0}},
              {"DP16KD", {0, 36}, {18, 0}},
              {"DP16KD", {0, 36}, {9, 0}},
              {"DP16KD", {0, 36}, {1, 0}}});
}

TEST_CASE("A mode of a cell that is not modelled ends the simulation") {
  if (!engine::find_program("iverilog")) return;
  const TemporaryFolder folder;
  std::vector<std::string> sources = {"-g2012", "-o", "out", "bench.v"};
  for (const hw::CellModel& model : hw::cell_models()) {
    put(folder / (model.name + ".v"), model.text);
    sources.push_back(model.name + ".v");
  }
  sources.insert(sources.begin(), "iverilog");
  const std::string chosen = ".CSA0(1'b0), .CSA1(1'b0), .CSA2(1'b0), .CSB0(1'b0), .CSB1(1'b0), .CSB2(1'b0), ";
  struct Row {
    std::string cell, parameters, pins, words;
  };
  for (const Row& row :
       std::vector<Row>{{"MULT18X18D", "", ".SOURCEA(1'b0), .SOURCEB(1'b0)", ""},
                        {"MULT18X18D", ".REG_INPUTA_CLK(\"CLK0\")", "", "has registers"},
                        {"MULT18X18D", ".REG_INPUTB_CLK(\"CLK0\")", "", "has registers"},
                        {"MULT18X18D", ".REG_INPUTC_CLK(\"CLK0\")", "", "has registers"},
                        {"MULT18X18D", ".REG_PIPELINE_CLK(\"CLK0\")", "", "has registers"},
                        {"MULT18X18D", ".REG_OUTPUT_CLK(\"CLK0\")", "", "has registers"},
                        {"MULT18X18D", "", ".SOURCEA(1'b1), .SOURCEB(1'b0)", "shift chain"},
                        {"MULT18X18D", "", ".SOURCEA(1'b0), .SOURCEB(1'b1)", "shift chain"},
                        {"DP16KD", "", chosen + ".CLKA(clk), .CLKB(clk), .RSTA(1'b0), .RSTB(1'b0)", ""},
                        {"DP16KD", ".REGMODE_A(\"OUTREG\")", "", "has output registers"},
                        {"DP16KD", ".REGMODE_B(\"OUTREG\")", "", "has output registers"},
                        {"DP16KD", ".CSDECODE_A(\"0b001\")", "", "chip selects"},
                        {"DP16KD", ".CSDECODE_B(\"0b001\")", "", "chip selects"},
                        {"DP16KD", ".CLKAMUX(\"INV\")", "", "inverted clock"},
                        {"DP16KD", ".CLKBMUX(\"INV\")", "", "inverted clock"},
                        {"DP16KD", "", chosen + ".CLKA(clk), .RSTA(1'b1)", "is reset"},
                        {"DP16KD", "", chosen + ".CLKB(clk), .RSTB(1'b1)", "is reset"},
                        {"DP16KD", "", ".CLKA(clk), .RSTA(1'b0), .CSA0(1'b1)", "not selected"},
                        {"RAMB18E1", "", ".CLKARDCLK(clk), .ENARDEN(1'b1), .RSTRAMARSTRAM(1'b0)", ""},
                        {"RAMB18E1", ".DOA_REG(1)", "", "has output registers"},
                        {"RAMB18E1", ".DOB_REG(1)", "", "has output registers"},
                        {"RAMB18E1", "", ".CLKARDCLK(clk), .ENARDEN(1'b1), .RSTRAMARSTRAM(1'b1)", "is reset"},
                        {"RAMB18E1", "", ".CLKBWRCLK(clk), .ENBWREN(1'b1), .RSTRAMB(1'b1)", "is reset"},
                        {"RAMB36E1", "", ".CLKARDCLK(clk), .ENARDEN(1'b1), .RSTRAMARSTRAM(1'b0)", ""},
                        {"RAMB36E1", ".DOA_REG(1)", "", "has output registers"},
                        {"RAMB36E1", ".DOB_REG(1)", "", "has output registers"},
                        {"RAMB36E1", ".RAM_EXTENSION_A(\"LOWER\")", "", "a cascade"},
                        {"RAMB36E1", ".RAM_EXTENSION_B(\"UPPER\")", "", "a cascade"},
                        {"RAMB36E1", "", ".CLKARDCLK(clk), .ENARDEN(1'b1), .RSTRAMARSTRAM(1'b1)", "is reset"},
                        {"RAMB36E1", "", ".CLKBWRCLK(clk), .ENBWREN(1'b1), .RSTRAMB(1'b1)", "is reset"}}) {
    INFO(row.cell, " ", row.parameters, row.pins);
    put(folder / "bench.v", fmt::format("module bench;\n  reg clk = 0;\n  {} #({}) dut ({});\n"
                                        "  initial begin #1 clk = 1; #1 $finish; end\nendmodule\n",
                                        row.cell, row.parameters, row.pins));
    const engine::ChildResult built = engine::run_child(sources, {.folder = folder.path()});
    REQUIRE_MESSAGE(built.code == 0, built.output);
    const engine::ChildResult ran = engine::run_child({"vvp", "-n", "out"}, {.folder = folder.path()});
    CHECK((ran.code == 0) == row.words.empty());
    CHECK(contains(ran.output, row.words.empty() ? "" : row.cell + ": "));
    CHECK(contains(ran.output, row.words));
  }
}

}  // namespace
}  // namespace ingot::test
