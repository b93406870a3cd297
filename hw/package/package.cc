#include "hw/package/package.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/error.h"
#include "hw/package/templates.h"
#include "hw/rtl_sources.h"

namespace ingot::hw {
namespace {

using Names = std::vector<std::string>;

constexpr const char* kBoardModules[] = {"uart_rx.sv", "uart_tx.sv", "uart_bridge.sv"};
constexpr const char kBoardTop[] = "ulx3s_top.sv", kBoardPins[] = "ulx3s.lpf";

std::string lines(const Names& words) { return fmt::format("{}\n", fmt::join(words, "\n")); }

// `a`, `b`, `c`
std::string cell(const Names& names) {
  Names quoted;
  for (const std::string& name : names) quoted.push_back("`" + name + "`");
  return fmt::format("{}", fmt::join(quoted, ", "));
}

std::string facts(const PackageInfo& info) {
  std::string text;
  for (const auto& [name, value] : info.facts) text += fmt::format("| {} | {} |\n", name, value);
  return text;
}

// The module that is simulated.
const std::string& simulated(const PackageInfo& info) { return info.memories ? info.memories->module : info.top; }

// Rows of the README's table of ports, and what is to be known of them.
std::string memory_ports(const PackageInfo& info) {
  if (!info.memories) return "";
  std::string text;
  for (const PackageMemory& m : info.memories->all)
    text += fmt::format(
        "| `{0}_address`, `{0}_data` | {1}, {2} | {3} words outside: an address out, its word in; `{4}` has them |\n",
        m.name, m.address_bits, m.bits, m.words, m.file);
  return text +
         fmt::format(
             "\nEach memory is read in every cycle and cannot make `{2}` wait: {0} cycle{1} after an address its "
             "word must be there, as a\nsynchronous RAM has it. Addresses beyond the words come too; what is read "
             "there is not used. Fill the memories before reset\nends: all words are read then, and belong to the "
             "checksum (parameter CHECK_ROMS = 0: none). `{3}` is `{2}` with a ROM at\neach of these ports.\n",
             info.memories->latency, info.memories->latency == 1 ? "" : "s", info.top, info.memories->module);
}

std::string memory_files(const PackageInfo& info) {
  if (!info.memories) return "";
  return fmt::format(
      "| `{0}.sv` | `{0}`: `{1}` with its memories, which is simulated; `make synth` takes `{1}` alone |\n",
      info.memories->module, info.top);
}

// Modules of rtl/ that the wrapper needs besides those of the module itself, a module before its users.
Names wrapper_modules(const PackageInfo& info) {
  Names names;
  if (!info.input.is_packets()) names.push_back("packet_in.sv");
  if (!info.output.is_packets()) names.push_back("packet_out.sv");
  std::erase_if(names, [&](const std::string& name) {
    return std::find(info.sources.begin(), info.sources.end(), name) != info.sources.end();
  });
  return names;
}

std::string packets_sentence(const PackageInfo& info) {
  if (info.input.is_packets()) return "tlast marks the last beat of a packet on both sides; packet_fault is always 0.";
  return fmt::format(
      "A packet has as many beats as a vector: {} in, {} out. A shorter packet is filled up with zeros, what a longer "
      "one "
      "has "
      "more is dropped; either sets packet_fault until the next reset.",
      info.input.beats, info.output.beats);
}

// From s_axis to in_data, in_valid, in_ready.
std::string in_side(const PackagePort& port) {
  if (port.is_packets())
    return fmt::format(
        "  assign in_data = {{s_axis_tlast, s_axis_tdata[{}:0]}};\n  assign in_valid = s_axis_tvalid;\n"
        "  assign s_axis_tready = in_ready;\n  assign packet_fault = 1'b0;\n",
        port.data_bits() - 1);
  return fmt::format(
      "  packet_in #(\n      .WIDTH({}),\n      .BEATS({})\n  ) i_packet_in (\n      .clk_i(aclk),\n"
      "      .rst_i(!aresetn),\n      .s_data_i(s_axis_tdata[{}:0]),\n      .s_last_i(s_axis_tlast),\n"
      "      .s_valid_i(s_axis_tvalid),\n      .s_ready_o(s_axis_tready),\n      .m_data_o(in_data),\n"
      "      .m_valid_o(in_valid),\n      .m_ready_i(in_ready),\n      .fault_o(packet_fault)\n  );\n",
      port.bits, port.beats, port.bits - 1);
}

// From out_data, out_valid, out_ready to m_axis.
std::string out_side(const PackagePort& port) {
  const std::int64_t n_padding = port.tdata_bits() - port.data_bits();
  const std::string padding = n_padding == 0 ? "" : fmt::format("{}'d0, ", n_padding);
  if (port.is_packets())
    return fmt::format(
        "  assign m_axis_tdata = {{{}out_data[{}:0]}};\n  assign m_axis_tlast = out_data[{}];\n"
        "  assign m_axis_tvalid = out_valid;\n  assign out_ready = m_axis_tready;\n",
        padding, port.data_bits() - 1, port.bits - 1);
  return fmt::format(
      "  wire [{}:0] marked_data;\n  packet_out #(\n      .WIDTH({}),\n      .BEATS({})\n  ) i_packet_out (\n"
      "      .clk_i(aclk),\n      .rst_i(!aresetn),\n      .s_data_i(out_data),\n      .s_valid_i(out_valid),\n"
      "      .s_ready_o(out_ready),\n      .m_data_o(marked_data),\n      .m_last_o(m_axis_tlast),\n"
      "      .m_valid_o(m_axis_tvalid),\n      .m_ready_i(m_axis_tready)\n  );\n"
      "  assign m_axis_tdata = {{{}marked_data}};\n",
      port.bits - 1, port.bits, port.beats, padding);
}

std::string board_files(const PackageInfo& info) {
  if (!info.ulx3s) return "";
  Names names(std::begin(kBoardModules), std::end(kBoardModules));
  names.insert(names.end(), {kBoardTop, kBoardPins});
  return fmt::format("| {} | the board ULX3S: serial line, top module, pins |\n", cell(names));
}

Replacements replacements(const PackageInfo& info) {
  Names wrapper = wrapper_modules(info);
  wrapper.push_back(info.top + "_axis.sv");
  const std::string wrapper_cells = cell(wrapper);
  if (info.memories) wrapper.insert(wrapper.begin(), info.memories->module + ".sv");
  Names python;
  for (const std::string& source : info.sources) python.push_back('"' + source + '"');
  if (info.memories) python.push_back('"' + info.memories->module + ".sv\"");
  Names core_images;  // synthesis looks for them where it runs
  for (const std::string& image : info.images) core_images.push_back(fmt::format("{0}: {{copyto: {0}}}", image));
  const auto number = [](std::int64_t n) { return std::to_string(n); };
  const auto size = [](const Names& names) { return std::to_string(names.size()); };
  return {
      {"LICENCE", kEmittedLicence},
      {"TOP", info.top},
      {"TITLE", info.title},
      {"FACTS", facts(info)},
      {"IN_BITS", number(info.input.bits)},
      {"OUT_BITS", number(info.output.bits)},
      {"IN_BEATS", number(info.input.beats)},
      {"OUT_BEATS", number(info.output.beats)},
      {"IN_TDATA_BITS", number(info.input.tdata_bits())},
      {"OUT_TDATA_BITS", number(info.output.tdata_bits())},
      {"IN_MEANING", info.input.meaning},
      {"OUT_MEANING", info.output.meaning},
      {"IN_WORDS", size(info.input_beats)},
      {"OUT_WORDS", size(info.output_beats)},
      {"MOST_IDLE", number(info.most_idle)},
      {"PACKETS", packets_sentence(info)},
      {"IN_SIDE", in_side(info.input)},
      {"OUT_SIDE", out_side(info.output)},
      {"SOURCES", fmt::format("{}", fmt::join(info.sources, " "))},
      {"WRAPPER", fmt::format("{}", fmt::join(wrapper, " "))},
      {"IMAGES", fmt::format("{}", fmt::join(info.images, " "))},
      {"PYTHON_SOURCES", fmt::format("{}", fmt::join(python, ", "))},
      {"CORE_SOURCES", fmt::format("{}", fmt::join(info.sources, ", "))},
      {"CORE_IMAGES", fmt::format("{}", fmt::join(core_images, ", "))},
      {"CORE_WRAPPER", fmt::format("{}", fmt::join(wrapper, ", "))},
      {"SOURCE_CELLS", cell(info.sources)},
      {"WRAPPER_CELLS", wrapper_cells},
      {"SIMULATED", simulated(info)},
      {"MEMORY_PORTS", memory_ports(info)},
      {"MEMORY_FILES", memory_files(info)},
      {"IMAGE_ROW", info.images.empty() ? ""
                                        : "| " + cell(info.images) + " | what is in its ROMs" +
                                              (info.memories ? ", and in the memories outside" : "") + " |\n"},
      {"BOARD_HELP", info.ulx3s ? "#   make bitstream  for the board ULX3S\n" : ""},
      {"BOARD_ROWS", info.ulx3s ? "| `make bitstream` | Yosys, nextpnr-ecp5 | for the board ULX3S, see below |\n" : ""},
      {"BOARD_FILES", board_files(info)}};
}

// What the files of the board say besides.
Replacements board_replacements(const Ulx3s& board) {
  const Ecp5Pll pll = ecp5_pll(board.clock_mhz);
  const auto number = [](auto n) { return fmt::format("{}", n); };
  return {{"PLL_MHZ", fmt::format("{:.4g}", pll.mhz())},
          {"PLL_INPUT", number(pll.input)},
          {"PLL_FEEDBACK", number(pll.feedback)},
          {"PLL_OUTPUT", number(pll.output)},
          {"PLL_PHASE", number(pll.output - 1)},
          {"BAUD", number(board.baud)},
          {"CYCLES_OF_BIT", number(cycles_of_bit(pll.mhz(), board.baud))},
          {"IDLE_CYCLES", number(static_cast<std::int64_t>(pll.mhz() * 50'000))},
          {"MOST_TOKENS", number(board.most_tokens)}};
}

void add_board(std::vector<PackageFile>& files, const PackageInfo& info, Replacements all) {
  engine::require(
      info.input.is_packets() && info.input.bits == 33 && info.output.is_packets() && info.output.bits == 33,
      "{}: only whole models go on a board, tokens in and words out", info.top);
  engine::require(info.ulx3s->most_tokens >= 2, "{}: the board needs texts of at least 2 tokens, got {}", info.top,
                  info.ulx3s->most_tokens);
  for (const auto& replacement : board_replacements(*info.ulx3s)) all.push_back(replacement);
  for (PackageFile& file : files) {
    if (file.name == "Makefile") file.text += filled("ulx3s.mk", all);
    if (file.name == "README.md") file.text += filled("ulx3s.md", all);
  }
  for (const char* module : kBoardModules) files.push_back({module, licensed(rtl_source(module))});
  for (const char* file : {kBoardTop, kBoardPins}) files.push_back({file, filled(file, all)});
}

}  // namespace

std::string licensed(std::string_view text) {
  return fmt::format("// SPDX-License-Identifier: {}\n{}", kEmittedLicence, text);
}

std::vector<PackageFile> package_files(const PackageInfo& info) {
  const Replacements all = replacements(info);
  std::vector<PackageFile> files{
      {info.top + ".f", lines(info.sources)},
      {info.top + ".core", filled("fusesoc.core", all)},
      {"README.md", filled("README.md", all)},
      {"Makefile", filled("Makefile", all)},
      {info.top + "_axis.sv", filled("axis.sv", all)},
      // No .sv: a user who reads all of those beside a bench of their own would run this one, too.
      {info.top + "_tb.v", filled("testbench.sv", all)},
      {"test_" + info.top + ".py", filled("test.py", all)},
      {"vectors_in.hex", lines(info.input_beats)},
      {"vectors_out.hex", lines(info.output_beats)}};
  for (const std::string& module : wrapper_modules(info)) files.push_back({module, licensed(rtl_source(module))});
  if (info.ulx3s) add_board(files, info, all);
  return files;
}

}  // namespace ingot::hw
