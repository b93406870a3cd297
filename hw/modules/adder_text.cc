// Every tool must read this alike, so it is as plain as it can be: a wire a node, a register a node and stage. Bits of
// an addend below the other one are no part of the addition; they are written as they pass, since Yosys builds adders
// for them otherwise.
#include "hw/modules/adder_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace ingot::hw {
namespace {

// The stage in which an adder of the level is: 0 is before the first register.
int stage_of_level(int level) { return level == 0 ? 0 : (level - 1) / kLevelsPerStage; }

// The last stage in which each node is read; -1: it is not.
std::vector<int> last_uses(const AdderGraph& graph) {
  std::vector<int> last(graph.nodes().size(), -1);
  const auto use = [&](const Addend& addend, int stage) {
    if (addend.node < 0) return;
    int& of_node = last[static_cast<std::size_t>(addend.node)];
    of_node = std::max(of_node, stage);
  };
  for (const AdderGraph::Node& node : graph.nodes()) {
    use(node.adder.a, stage_of_level(node.level));
    use(node.adder.b, stage_of_level(node.level));
  }
  for (const Addend& output : graph.outputs()) use(output, n_stages(graph));
  return last;
}

class Writer {
 public:
  Writer(const AdderGraph& graph, const AdderNames& names) : graph_(graph), names_(names) {}

  std::vector<std::string> write() {
    // Of what a sum cancels, the highest bits are not read.
    add("/* verilator lint_off UNUSEDSIGNAL */");
    const std::vector<int> last = last_uses(graph_);
    for (std::size_t i = 0; i < last.size(); ++i) add_node(static_cast<int>(i), last[i]);
    add("/* verilator lint_on UNUSEDSIGNAL */");
    add_registers();
    add_sums();
    return std::move(lines_);
  }

 private:
  // What the node is called in a stage.
  std::string name(int node, int stage) const {
    const AdderGraph::Node& n = graph_.at(node);
    const std::string plain = fmt::format("{}{}", names_.prefix, node);
    return n.constant != 0 || stage == stage_of_level(n.level) ? plain : fmt::format("{}_{}", plain, stage);
  }

  void add_node(int i, int last_use) {
    const AdderGraph::Node& node = graph_.at(i);
    if (last_use < 0) return;
    const int first = stage_of_level(node.level);
    add(fmt::format("wire signed [{}:0] {} = {};", node.width - 1, name(i, first), expression(i, first)));
    if (node.constant != 0) return;
    for (int stage = first + 1; stage <= last_use; ++stage) {
      add(fmt::format("reg signed [{}:0] {};", node.width - 1, name(i, stage)));
      registers_.push_back({name(i, stage), name(i, stage - 1)});
    }
  }

  std::string expression(int i, int stage) const {
    const AdderGraph::Node& node = graph_.at(i);
    if (node.constant != 0) return fmt::format("{}'sd{}", node.width, node.constant);
    if (node.is_adder()) return sum(node, stage);
    const std::string x = fmt::format("{}[{}+:{}]", names_.x, i * names_.input_width, names_.input_width);
    return names_.is_signed ? x : fmt::format("{{1'b0, {}}}", x);
  }

  std::string sum(const AdderGraph::Node& node, int stage) const {
    const auto [a, b] = node.adder;
    const char* const sign = b.is_negative ? "-" : "+";
    const std::string of_a = name(a.node, stage), of_b = name(b.node, stage);
    if (a.shift > 0)  // a is longer by zeros
      return fmt::format("{0}'($signed({{{1}, {2}'d0}})) {3} {0}'({4})", node.width, of_a, a.shift, sign, of_b);
    if (b.shift == 0) return fmt::format("{0}'({1}) {2} {0}'({3})", node.width, of_a, sign, of_b);
    // The lowest bits of a pass; if it has no others, its sign is added.
    const int width = graph_.at(a.node).width, high = node.width - b.shift, from = std::min(b.shift, width - 1);
    if (high <= 0) return fmt::format("{}'({})", node.width, of_a);
    const std::string passing =
        width > b.shift ? fmt::format("{}[{}:0]", of_a, b.shift - 1) : fmt::format("{}'({})", b.shift, of_a);
    return fmt::format("{{{0}'($signed({1}[{2}:{3}])) {4} {0}'({5}), {6}}}", high, of_a, width - 1, from, sign, of_b,
                       passing);
  }

  // A reset keeps synthesis from making shift registers of them (rtl/linear.sv).
  void add_registers() {
    if (registers_.empty()) return;
    add("always @(posedge clk) begin");
    add("  if (rst) begin");
    for (const auto& [to, from] : registers_) add(fmt::format("    {} <= 0;", to));
    add(fmt::format("  end else if ({}) begin", names_.enable));
    for (const auto& [to, from] : registers_) add(fmt::format("    {} <= {};", to, from));
    add("  end");
    add("end");
  }

  void add_sums() {
    const int width = names_.sum_width;
    const auto n = static_cast<int>(graph_.outputs().size());
    add(fmt::format("wire [{}:0] {};", n * width - 1, names_.sums));
    for (int j = 0; j < n; ++j) {
      const Addend& output = graph_.outputs()[static_cast<std::size_t>(j)];
      std::string value = fmt::format("{}'d0", width);
      if (output.node >= 0) {
        value = fmt::format("{}'({})", width, name(output.node, n_stages(graph_)));
        if (output.is_negative) value = fmt::format("{}'d0 - {}", width, value);  // -17'(x): Yosys casts to -17 bits
        const int left = output.shift + names_.left[static_cast<std::size_t>(j)];
        if (left > 0) value = fmt::format("({}) << {}", value, left);
      }
      add(fmt::format("assign {}[{}+:{}] = {};", names_.sums, j * width, width, value));
    }
  }

  void add(std::string_view line) { lines_.emplace_back(line); }

  struct Register {
    std::string to, from;
  };

  const AdderGraph& graph_;
  const AdderNames& names_;
  std::vector<std::string> lines_;
  std::vector<Register> registers_;
};

}  // namespace

int n_stages(const AdderGraph& graph) { return graph.depth() / kLevelsPerStage; }

std::int64_t register_bits(const AdderGraph& graph) {
  const std::vector<int> last = last_uses(graph);
  std::int64_t bits = 0;
  for (std::size_t i = 0; i < last.size(); ++i) {
    const AdderGraph::Node& node = graph.nodes()[i];
    if (node.constant == 0) bits += node.width * std::max(last[i] - stage_of_level(node.level), 0);
  }
  return bits;
}

std::vector<std::string> verilog(const AdderGraph& graph, const AdderNames& names) {
  return Writer(graph, names).write();
}

}  // namespace ingot::hw
