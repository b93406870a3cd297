#include "hw/synthesis/synthesize.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "engine/base/child.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/temporary_folder.h"
#include "engine/io/json.h"
#include "hw/names.h"
#include "hw/rtl_sources.h"
#include "hw/tools.h"

namespace ingot::hw {
namespace fs = std::filesystem;
namespace {

using engine::Json;

const Tool kYosys{"yosys", "yosys"};

// -nosrl: the shift registers that Yosys 0.23 extracts lose their clock enable. And where a sum is a factor, it packs
// the sum into the pre-adder of a DSP48E1, whose result has 25 bits: of a sum of fewer bits those above would be its
// sign, and become 0. So sums that reach a multiplication, through registers or not, are made $alu before, which it
// leaves alone. hw/package/templates/Makefile has the same for users.
std::string xilinx_command(const std::string& top, bool dsp) {
  const std::string command =
      fmt::format("synth_xilinx -flatten -family xc7 -nosrl -top {}{}", top, dsp ? "" : " -nodsp");
  if (!dsp) return command;
  return fmt::format(
      "{0} -run begin:map_dsp; select -set factors t:$mul %ci*:+$mul[A,B]:+$add[Y]:+$dff[D,Q]:+$dffe[D,Q]:+$sdff[D,Q]:"
      "+$sdffe[D,Q]:+$sdffce[D,Q] t:$add %i r:Y_WIDTH<25 %i; alumacc @factors; {0} -run map_dsp:",
      command);
}

// Whether it has RAMs of one port: rtl/memory_block.sv is told so.
bool has_large_rams(Target target) { return info(target).budget.spram > 0; }

std::string synthesis_command(Target target, const std::string& top, bool dsp) {
  switch (family(target)) {
    case Family::xilinx:
      return xilinx_command(top, dsp);
    case Family::ecp5:
      return fmt::format("synth_ecp5 -top {}{}", top, dsp ? "" : " -nodsp");
    case Family::ice40:
      return fmt::format("synth_ice40 -top {}{}{}", top, dsp ? " -dsp" : "", has_large_rams(target) ? " -spram" : "");
    case Family::generic:
      break;
  }
  std::string chips;
  for (const TargetInfo& row : targets()) {
    if (row.family != Family::generic) chips += (chips.empty() ? "" : ", ") + std::string(row.name);
  }
  engine::fail("target: {} is no chip to synthesise for; there are {}", name(target), chips);
}

// Keeps the modules and their instances as hierarchy.json: JSON has no processes, and this needs none.
constexpr const char kWriteHierarchy[] =
    "design -save whole; delete p:*; write_json hierarchy.json; design -load whole";

// A core behind a serial line of 115,200 baud, for a package that has too few pins for its streams.
constexpr const char kSerialTop[] = R"(`default_nettype none
module {0} (
    input  wire clk,
    input  wire rst,
    input  wire rx,
    output wire tx
);
  wire [32:0] token, word;
  wire token_valid, token_ready, word_valid, word_ready;
  uart_bridge #(
      .CYCLES({2}),
      .TOKENS({3}),
      .IDLE({4})
  ) i_bridge (
      .clk_i(clk),
      .rst_i(rst),
      .rx_i(rx),
      .tx_o(tx),
      .m_data_o(token),
      .m_valid_o(token_valid),
      .m_ready_i(token_ready),
      .s_data_i(word),
      .s_valid_i(word_valid),
      .s_ready_o(word_ready)
  );
  {1} i_core (
      .clk(clk),
      .rst(rst),
      .data_in_0(token),
      .data_in_0_valid(token_valid),
      .data_in_0_ready(token_ready),
      .data_out_0(word),
      .data_out_0_valid(word_valid),
      .data_out_0_ready(word_ready)
  );
endmodule
`default_nettype wire
)";

Design behind_serial_line(const EmittedRtl& rtl, double clock_mhz, const fs::path& scratch) {
  Design design = design_of_top(rtl);
  const std::string core = design.top;
  design.top = core + "_serial";
  const auto add = [&](const std::string& name, std::string_view text) {
    engine::write_file(scratch / name, text);
    design.sources.push_back((scratch / name).string());
  };
  for (const char* name : {"uart_rx.sv", "uart_tx.sv", "uart_bridge.sv"}) add(name, rtl_source(name));
  add("serial_line.sv", fmt::format(kSerialTop, design.top, core, std::llround(clock_mhz * 1e6 / 115'200),
                                    std::max<std::int64_t>(2, rtl.manifest.core->longest),
                                    std::llround(clock_mhz * 50'000)));  // 50 ms
  return design;
}

}  // namespace

Synthesis synthesize(const EmittedRtl& rtl, Target target, const SynthesisOptions& options,
                     const std::function<void(const std::string&)>& step) {
  const engine::TemporaryFolder scratch;
  const std::int64_t pins = info(target).budget.pins;
  if (options.place && rtl.manifest.core && pins > 0) {
    engine::require(
        !has_memories_outside(rtl.manifest),
        "{}: has ports to memories outside, which the {} pins of {} are too few for; it can be synthesised, "
        "but not placed alone",
        rtl.folder.string(), pins, info(target).device);
    if (step) step(fmt::format("{} has {} pins: the core is placed behind a serial line", info(target).device, pins));
    const engine::TemporaryFolder sources;
    return synthesize(behind_serial_line(rtl, options.place->clock_mhz, sources.path()), target, options,
                      scratch.path(), step);
  }
  return synthesize(design_of_top(rtl), target, options, scratch.path(), step);
}

namespace {

// Where Yosys 0.23 keeps words of more than 36 bits in one RAMB36E1, it ties the upper four parity inputs to the lower
// ones. Such a netlist computes something else than the RTL does.
bool loses_bits_of_words(const Json& netlist, const std::string& top) {
  const Json& cells = netlist.at("modules").at(top).at("cells");
  return std::any_of(cells.begin(), cells.end(), [](const Json& cell) {
    if (cell.at("type") != "RAMB36E1") return false;
    const std::string width = cell.at("parameters").at("WRITE_WIDTH_B");  // in binary digits: 72 ends so, no other does
    const Json& ports = cell.at("connections");
    return width.ends_with("1001000") && ports.at("DIPBDIP") == ports.at("DIPADIP");
  });
}

// What Yosys has left in the folder.
Synthesis read_synthesis(const Design& design, Target target, const fs::path& folder) {
  const auto read = [&](const char* name) { return engine::parse_json(engine::read_file(folder / name), name); };
  const Json stat = read("stat.json"), netlist = read("net.json");
  Synthesis s;
  s.target = target;
  s.cells = stat.at("design").at("num_cells_by_type");
  s.tool = stat.value("creator", "");
  engine::require(
      !loses_bits_of_words(netlist, design.top),
      "{}: a memory is written in words of more than 36 bits, of which {} loses some in RAMB36E1: keep it in "
      "parts, as rtl/split_ram.sv does",
      design.top, s.tool);
  static_cast<Area&>(s) = area_of(netlist, design.top, target);
  if (!design.layers.empty()) s.layers = area_by_layer(netlist, design.top, design.layers, s);
  s.modules = area_by_module(netlist, read("hierarchy.json"), design.top, s);
  return s;
}

}  // namespace

Synthesis synthesize(const Design& design, Target target, const SynthesisOptions& options, const fs::path& folder,
                     const std::function<void(const std::string&)>& step) {
  const std::string command = synthesis_command(target, design.top, options.dsp && has_multipliers(target));
  if (options.place) placer_of(target);
  engine::require_program(kYosys.program, kYosys.debian_package);
  engine::require(is_identifier(design.top), "{}: cannot be the name of a module", design.top);
  const std::vector<std::string> sources = copy_files(design.sources, design.folder, folder);
  copy_files(design.images, design.folder, folder);
  const auto start = std::chrono::steady_clock::now();
  if (step) step(fmt::format("yosys synthesises for {}", name(target)));
  // Of block RAM, what no address reads is undefined, which simulators would have to draw at random.
  run_tool(kYosys,
           {"-q", "-p",
            fmt::format("read_verilog -sv -defer {}{}; hierarchy -check -top {}; {}; {}; check -assert; "
                        "tee -q -o stat.json stat -json; write_json net.json; "
                        "setundef -zero -params t:RAMB18E1 t:RAMB36E1; splitnets; write_verilog -noattr {}",
                        has_large_rams(target) ? "-DSINGLE_PORT_RAM " : "", fmt::join(sources, " "), design.top,
                        kWriteHierarchy, command, kNetlistFile)},
           folder);
  Synthesis s = understood(kYosys, [&] { return read_synthesis(design, target, folder); });
  if (options.place) {
    if (step) step(fmt::format("{} places it on {}", placer_of(target).program, info(target).device));
    s.placement = place(folder, target, design.layers, *options.place);
  }
  s.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return s;
}

Json to_json(const Synthesis& s) {
  Json object{{"target", name(s.target)}, {"lut", s.lut},     {"ff", s.ff},           {"dsp", s.dsp},  {"bram", s.bram},
              {"carry", s.carry},         {"cells", s.cells}, {"seconds", s.seconds}, {"tool", s.tool}};
  object["lut_logic"] = s.lut_logic;
  for (const LayerArea& part : s.layers)
    object["layers"].push_back(
        {{"layer", part.layer}, {"lut", part.lut}, {"ff", part.ff}, {"dsp", part.dsp}, {"bram", part.bram}});
  for (const ModuleArea& part : s.modules)
    object["modules"].push_back({{"module", part.module},
                                 {"instances", part.instances},
                                 {"lut", part.lut},
                                 {"ff", part.ff},
                                 {"dsp", part.dsp},
                                 {"bram", part.bram}});
  if (!s.placement) return object;
  if (const std::optional<std::int64_t> placed = placed_luts(s)) object["placed_lut"] = *placed;
  if (s.placement->fmax_mhz) object["fmax_mhz"] = *s.placement->fmax_mhz;
  if (!s.placement->failure.empty()) object["no_fmax"] = s.placement->failure;
  object["placement"] = to_json(*s.placement);
  return object;
}

std::optional<std::int64_t> placed_luts(const Synthesis& s) {
  if (!s.placement || s.placement->uses.empty()) return std::nullopt;
  return s.placement->used(family(s.target) == Family::ice40 ? "ICESTORM_LC" : "TRELLIS_COMB");
}

}  // namespace ingot::hw
