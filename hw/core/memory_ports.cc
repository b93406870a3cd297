#include "hw/core/memory_ports.h"

#include <fmt/format.h>

#include "hw/modules/verilog.h"

namespace ingot::hw {
namespace {

std::string connected(const std::string& port) { return fmt::format("      .{0}({0})", port); }

constexpr const char* kStreams[] = {"clk",
                                    "rst",
                                    "data_in_0",
                                    "data_in_0_valid",
                                    "data_in_0_ready",
                                    "data_out_0",
                                    "data_out_0_valid",
                                    "data_out_0_ready"};
constexpr const char* kTraces[] = {"output_trace_valid", "output_trace",     "sums_trace_valid",
                                   "sums_trace",         "norm_trace_valid", "norm_trace"};

}  // namespace

std::string memory_ports(const std::vector<const Image*>& images) {
  std::string text;
  for (const Image* image : images)
    text += fmt::format(",\n    output wire [{1}:0] {0}_address,\n    input  wire [{2}:0] {0}_data", image->name,
                        address_width(image->depth()) - 1, image->width() - 1);
  return text;
}

std::string rom_block_text(const std::string& instance, const Image& image, const std::string& file,
                           const std::string& address, const std::string& word) {
  return fmt::format(
      "  rom_block #(\n      .WIDTH({}),\n      .DEPTH({}),\n      .FILE(\"{}\"),\n      .FOLDER(IMAGE_FOLDER),\n"
      "      .SOURCE(ThisFile),\n      .HASH(32'h{:08x})\n  ) {} (\n      .clk_i(clk),\n      .enable_i(1'b1),\n"
      "      .address_i({}),\n      .data_o({})\n  );\n",
      image.width(), image.depth(), file, image.hash(), instance, address, word);
}

std::string memory_wrapper(const std::string& top, const std::string& streams, const std::vector<const Image*>& images,
                           const std::string& prefix) {
  std::string text = fmt::format(
      "// {0} with ROMs where it has ports to memories: what simulators run, and what a memory of your own must do.\n"
      "// Written by `ingot emit`. IMAGE_FOLDER and CHECK_ROMS are those of {0}.\n"
      "`default_nettype none\n"
      "module {1} #(\n    parameter IMAGE_FOLDER = \"\",\n    parameter CHECK_ROMS = 1\n) (\n{2}\n);\n"
      "`ifdef SYNTHESIS\n  localparam ThisFile = \"\";\n`else\n  localparam ThisFile = `__FILE__;\n`endif\n",
      top, with_memory(top), streams);
  std::string connections;
  for (const Image* image : images) {
    const std::string& name = image->name;
    text += fmt::format("  wire [{1}:0] {0}_address;\n  wire [{2}:0] {0}_data;\n", name,
                        address_width(image->depth()) - 1, image->width() - 1);
    text += rom_block_text("rom_" + name, *image, prefix + image->file(), name + "_address", name + "_data");
    connections += connected(name + "_address") + ",\n" + connected(name + "_data") + ",\n";
  }
  text += fmt::format("\n  {0} #(\n      .IMAGE_FOLDER(IMAGE_FOLDER),\n      .CHECK_ROMS(CHECK_ROMS)\n  ) i_{0} (\n{1}",
                      top, connections);
  text += "`ifdef INGOT_TRACE\n";
  for (const char* trace : kTraces) text += connected(trace) + ",\n";
  text += "`endif\n";
  for (const char* stream : kStreams) text += connected(stream) + (stream == std::end(kStreams)[-1] ? "\n" : ",\n");
  return text + "  );\nendmodule\n`default_nettype wire\n";
}

}  // namespace ingot::hw
