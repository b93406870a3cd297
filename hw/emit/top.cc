#include "hw/emit/top.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/error.h"
#include "hw/modules/module.h"

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

class TopWriter {
 public:
  explicit TopWriter(const Graph& graph) : graph_(graph) {}

  Verilog write() {
    Stream stream{"data_in_0", graph_.nodes.front().parallelism.in * graph_.input().width};
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      if (i > 0) stream = adapted(stream, graph_.nodes[i - 1], node);
      const bool is_last = i + 1 == graph_.nodes.size();
      const Stream out{is_last ? "data_out_0" : node.name + "_data_out_0", node.parallelism.out * node.output.width};
      add(node, stream, out, !is_last);
      stream = out;
    }
    result_.top = header() + body_ + footer();
    return std::move(result_);
  }

 private:
  void depend(std::string_view file) {
    if (std::find(result_.dependences.begin(), result_.dependences.end(), file) == result_.dependences.end())
      result_.dependences.emplace_back(file);
  }

  void declare(const Stream& stream) {
    body_ += fmt::format("  wire [{}:0] {};\n  wire {}_valid, {}_ready;\n", stream.bits - 1, stream.name, stream.name,
                         stream.name);
  }

  // What `node` reads of the stream that the layer before it gives.
  Stream adapted(const Stream& stream, const Node& before, const Node& node) {
    if (before.parallelism.out == node.parallelism.in) return stream;
    has_clock_ = true;
    for (const char* file : {"stream_gather.sv", "stream_scatter.sv", "stream_adapter.sv"}) depend(file);
    const Stream out{node.name + "_data_in_0", node.parallelism.in * node.input.width};
    body_ += fmt::format("\n  // {} elements a beat become {}.\n", before.parallelism.out, node.parallelism.in);
    declare(out);
    Instance adapter{.module = "stream_adapter",
                     .name = node.name + "_adapter",
                     .parameters = {{"WIDTH", std::to_string(node.input.width)},
                                    {"S_LANES", std::to_string(before.parallelism.out)},
                                    {"M_LANES", std::to_string(node.parallelism.in)}}};
    connect(adapter, true, stream, out);
    body_ += text(adapter);
    return out;
  }

  void add(const Node& node, const Stream& in, const Stream& out, bool declare_out) {
    engine::require(node.parallelism.in > 0, "{}: its parallelism must be chosen first", node.name);
    const Module& module = module_for(node);
    for (const std::string_view file : module.sources) depend(file);
    has_clock_ |= module.has_clock;
    Emission emission = module.emit(node);
    body_ += fmt::format("\n  // {}: {} from {} to {}\n", node.name,
                         node.linear() != nullptr ? "linear" : node.activation()->function, to_string(node.input),
                         to_string(node.output));
    for (const auto& [name, value] : emission.verilog_parameters)
      body_ += fmt::format("  localparam int {}_{} = {};\n", node.name, name, value);
    for (const std::string& wire : emission.wires) body_ += "  " + wire + "\n";
    if (declare_out) declare(out);
    connect(emission.instances[0], module.has_clock, in, out);
    for (const Instance& instance : emission.instances) body_ += text(instance);
    for (StoredParameter& stored : emission.stored) {
      if (stored.in_block_ram) result_.images.push_back(std::move(stored.image));
    }
  }

  std::string header() const {
    const Node &first = graph_.nodes.front(), &last = graph_.nodes.back();
    return fmt::format(
        "// {}: {} codes of {} in beats of {} become {} codes of {} in beats of {}.\n"
        "// Written by `ingot emit`. Memory images are found from the folder of this file.\n"
        "`default_nettype none\n"
        "/* verilator lint_off UNUSEDPARAM */  // some only describe\n"
        "module top (\n"
        "    input  wire clk,\n"
        "    input  wire rst,\n"
        "    input  wire [{}:0] data_in_0,\n"
        "    input  wire data_in_0_valid,\n"
        "    output wire data_in_0_ready,\n"
        "    output wire [{}:0] data_out_0,\n"
        "    output wire data_out_0_valid,\n"
        "    input  wire data_out_0_ready\n"
        ");\n",
        graph_.name, graph_.n_in(), to_string(graph_.input()), first.parallelism.in, graph_.n_out(),
        to_string(graph_.output()), last.parallelism.out, first.parallelism.in * first.input.width - 1,
        last.parallelism.out * last.output.width - 1);
  }

  std::string footer() const {
    std::string text = "endmodule\n`default_nettype wire\n";
    if (has_clock_) return text;
    return "\n  wire unused_clock;\n  assign unused_clock = &{clk, rst};\n" + text;
  }

  const Graph& graph_;
  Verilog result_;
  std::string body_;
  bool has_clock_ = false;
};

}  // namespace

Verilog write_top(const Graph& graph) { return TopWriter(graph).write(); }

}  // namespace ingot::hw
