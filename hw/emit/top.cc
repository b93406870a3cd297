// The top module must be accepted by Verilator, Icarus and Yosys alike, and must be the same bytes for the same graph:
// open_emitted() recognises a folder by writing its module again.
//
// So this file generates structure and no arithmetic. A layer becomes an instance of a hand-written module of rtl/. Its
// row in modules/ says which module, with which parameters and ROMs; the numbers stand in the text as localparams,
// named as MASE names them. One row gives arithmetic, too: adders that depend on each weight (modules/adder_text.h).
// This file adds what a row cannot know: the wires between layers (data, valid, ready), clock and reset, a
// stream_adapter where two layers differ in lanes, and the frame around it all. Layers are written in the order of the
// chain, as plain text. A syntax tree would be longer and would show a reader less of the result.
//
// The price is that nothing is optimised across layers: each keeps its own ROMs and handshake, and synthesis flattens
// the rest. Two things in the frame look odd. Images are found beside the file through `__FILE__`, because simulators
// run from any folder. Modules that the user did not name are all called top; macros give the second one that a tool
// reads a name of its own, because it would be an error or silently replace the first.
#include "hw/emit/top.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "engine/base/error.h"
#include "hw/modules/module.h"
#include "hw/names.h"

namespace ingot::hw {
namespace {

// Wires NAME, NAME_valid, NAME_ready.
struct Stream {
  std::string name;
  std::int64_t bits;
};

std::string setting(const std::pair<std::string, std::string>& s) { return fmt::format(".{}({})", s.first, s.second); }

std::string list(const Settings& settings) {
  std::vector<std::string> lines;
  for (const auto& s : settings) lines.push_back("      " + setting(s));
  return fmt::format("{}", fmt::join(lines, ",\n"));
}

std::string text(const Instance& instance) {
  return fmt::format("  {} #(\n{}\n  ) {} (\n{}\n  );\n", instance.module, list(instance.parameters), instance.name,
                     list(instance.ports));
}

void connect(Instance& instance, bool has_clock, const Stream& in, const Stream& out) {
  Settings ports;
  if (has_clock) ports = {{"clk_i", "clk"}, {"rst_i", "rst"}};
  const Settings streams{
      {"s_data_i", in.name},  {"s_valid_i", in.name + "_valid"},  {"s_ready_o", in.name + "_ready"},
      {"m_data_o", out.name}, {"m_valid_o", out.name + "_valid"}, {"m_ready_i", out.name + "_ready"}};
  ports.insert(ports.end(), streams.begin(), streams.end());
  ports.insert(ports.end(), instance.ports.begin(), instance.ports.end());
  instance.ports = std::move(ports);
}

// Declares a constant. A value beyond 2^31 - 1 would be negative as an int, so it is declared as 32 bits.
std::string declaration(const std::string& name, const std::string& value) {
  const bool fits = std::stoll(value) <= INT32_MAX;
  return fits ? fmt::format("localparam int {} = {};", name, value)
              : fmt::format("localparam bit [31:0] {} = 32'd{};", name, value);
}

class TopWriter {
 public:
  TopWriter(const Graph& graph, const std::string& name) : graph_(graph), name_(name), is_named_(name != kTopName) {}

  Verilog write() {
    const std::vector<Layer> all = layers(graph_);
    Stream stream{"data_in_0", all.front().parallelism().in * graph_.input().width};
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Layer& node = all[i];
      if (i > 0) stream = adapted(stream, all[i - 1], node);
      const bool is_last = i + 1 == all.size();
      const Stream out{is_last ? "data_out_0" : node.name() + "_data_out_0",
                       node.parallelism().out * node.output().width};
      add(node, stream, out, !is_last);
      stream = out;
    }
    result_.top = header() + body_ + footer();
    result_.dependences = rtl_files(graph_);
    return std::move(result_);
  }

 private:
  void declare(const Stream& stream) {
    body_ += fmt::format("  wire [{}:0] {};\n  wire {}_valid, {}_ready;\n", stream.bits - 1, stream.name, stream.name,
                         stream.name);
  }

  // The stream that `node` reads: the one that the layer before gives, or an adapter's output.
  Stream adapted(const Stream& stream, const Layer& before, const Layer& node) {
    if (!needs_adapter(before, node)) return stream;
    has_clock_ = true;
    const Stream out{node.name() + "_data_in_0", node.parallelism().in * node.input().width};
    body_ += fmt::format("\n  // {} elements a beat become {}.\n", before.parallelism().out, node.parallelism().in);
    declare(out);
    Instance adapter{.module = "stream_adapter",
                     .name = node.name() + "_adapter",
                     .parameters = {{"WIDTH", std::to_string(node.input().width)},
                                    {"S_LANES", std::to_string(before.parallelism().out)},
                                    {"M_LANES", std::to_string(node.parallelism().in)}}};
    connect(adapter, true, stream, out);
    body_ += text(adapter);
    return out;
  }

  void add(const Layer& node, const Stream& in, const Stream& out, bool declare_out) {
    engine::require(node.parallelism().in > 0, "{}: its parallelism must be chosen first", node.name());
    const Module& module = module_for(node);
    has_clock_ |= module.has_clock;
    Emission emission = module.emit(node);
    body_ += fmt::format("\n  // {}: {} from {} to {}\n", node.name(), node.kind().name, to_string(node.input()),
                         to_string(node.output()));
    for (const auto& [name, value] : emission.verilog_parameters)
      body_ += fmt::format("  {}\n", declaration(node.name() + "_" + name, value));
    for (const std::string& wire : emission.wires) body_ += "  " + wire + "\n";
    if (declare_out) declare(out);
    connect(emission.instances[0], module.has_clock, in, out);
    for (StoredParameter& stored : emission.stored) {
      if (stored.storage == Storage::logic) continue;
      const std::string name = stored.image.name;
      if (is_named_) stored.image.name = name_ + "." + name;
      for (Instance& instance : emission.instances) {
        if (instance.image == name) add_image(instance, stored.image);
      }
      result_.images.push_back(std::move(stored.image));
    }
    for (const Instance& instance : emission.instances) body_ += text(instance);
  }

  static void add_image(Instance& instance, const Image& image) {
    const Settings settings{{"FILE", fmt::format("\"{}\"", image.file())},
                            {"FOLDER", "IMAGE_FOLDER"},
                            {"SOURCE", "ThisFile"},
                            {"HASH", fmt::format("32'h{:08x}", image.hash())}};
    instance.parameters.insert(instance.parameters.end(), settings.begin(), settings.end());
  }

  std::string header() const {
    const Node &first = graph_.nodes.front(), &last = graph_.nodes.back();
    return fmt::format(
               "// {}: {} codes of {} in beats of {} become {} codes of {} in beats of {}.\n"
               "// Written by `ingot emit`. Simulators find memory images beside this file, from wherever they run; if "
               "it\n"
               "// was moved away from them, IMAGE_FOLDER says where they are.\n"
               "`default_nettype none\n"
               "/* verilator lint_off UNUSEDPARAM */  // some only describe\n",
               graph_.name, graph_.n_in(), to_string(graph_.input()), first.parallelism.in, graph_.n_out(),
               to_string(graph_.output()), last.parallelism.out) +
           module_line() +
           fmt::format(
               "    parameter IMAGE_FOLDER = \"\"\n"
               ") (\n"
               "    input  wire clk,\n"
               "    input  wire rst,\n"
               "    input  wire [{}:0] data_in_0,\n"
               "    input  wire data_in_0_valid,\n"
               "    output wire data_in_0_ready,\n"
               "    output wire [{}:0] data_out_0,\n"
               "    output wire data_out_0_valid,\n"
               "    input  wire data_out_0_ready\n"
               ");\n"
               "`ifdef SYNTHESIS\n"
               "  localparam ThisFile = \"\";\n"
               "`else\n"
               "  localparam ThisFile = `__FILE__;\n"
               "`endif\n",
               first.parallelism.in * graph_.input().width - 1, last.parallelism.out * graph_.output().width - 1);
  }

  // Modules that the user did not name are all called top. Where a tool reads two of them, the second would be an error
  // or replace the first. So the second gets a name of its own and prints a note.
  std::string module_line() const {
    if (is_named_) return fmt::format("module {} #(\n", name_);
    return fmt::format(
        "`ifdef INGOT_TOP  // another block called top was read before\n"
        "`define INGOT_TOP_AGAIN\n"
        "module {} #(\n"
        "`else\n"
        "`define INGOT_TOP\n"
        "module {} #(\n"
        "`endif\n",
        other_name(), kTopName);
  }

  std::string other_name() const {
    std::string name = std::string(kTopName) + "_" + graph_.name;
    std::replace(name.begin(), name.end(), '.', '_');
    return name;
  }

  std::string footer() const {
    std::string text = "endmodule\n`default_nettype wire\n";
    if (!is_named_)
      text = fmt::format(
                 "`ifdef INGOT_TOP_AGAIN\n"
                 "  initial $display(\"NOTE: %m is module {}: another module top was read before; `ingot emit --name` "
                 "\",\n"
                 "                   \"gives each a name\");\n"
                 "`endif\n",
                 other_name()) +
             text;
    if (has_clock_) return text;
    return "\n  wire unused_clock;\n  assign unused_clock = &{clk, rst};\n" + text;
  }

  const Graph& graph_;
  const std::string name_;
  const bool is_named_;
  Verilog result_;
  std::string body_;
  bool has_clock_ = false;
};

}  // namespace

Verilog write_top(const Graph& graph, const std::string& name) {
  check(graph);
  engine::require(is_chain(graph), "{}: only layers in a row become hardware, each reading the one before", graph.name);
  check_module_name("name of the module", name);
  return TopWriter(graph, name).write();
}

}  // namespace ingot::hw
