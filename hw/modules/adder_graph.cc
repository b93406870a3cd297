#include "hw/modules/adder_graph.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace ingot::hw {
namespace {

std::int64_t factor(const Addend& addend) { return (addend.is_negative ? -1 : 1) * (std::int64_t{1} << addend.shift); }

int bits_of(std::int64_t value) { return std::bit_width(static_cast<std::uint64_t>(value < 0 ? ~value : value)) + 1; }

}  // namespace

AdderGraph::AdderGraph(std::size_t n_inputs, const Interval& input) : n_inputs_(n_inputs), input_(input) {
  for (std::size_t p = 0; p < n_inputs; ++p) {
    Form form{.coefficients = std::vector<std::int64_t>(n_inputs)};
    form.coefficients[p] = 1;
    nodes_.push_back({.width = width(form)});
    forms_.push_back(std::move(form));
  }
}

AdderGraph::Form AdderGraph::sum(const Adder& adder) const {
  Form form{.coefficients = std::vector<std::int64_t>(n_inputs_)};
  for (const Addend& addend : {adder.a, adder.b}) {
    const Form& of = forms_[static_cast<std::size_t>(addend.node)];
    form.offset += factor(addend) * of.offset;
    for (std::size_t p = 0; p < n_inputs_; ++p) form.coefficients[p] += factor(addend) * of.coefficients[p];
  }
  return form;
}

int AdderGraph::width(const Form& form) const {
  std::int64_t lowest = form.offset, highest = form.offset;
  for (const std::int64_t c : form.coefficients) {
    lowest += c * (c < 0 ? input_.highest : input_.lowest);
    highest += c * (c < 0 ? input_.lowest : input_.highest);
  }
  return std::max(bits_of(lowest), bits_of(highest));
}

// The same without a Form of its own: searches ask this of millions of adders.
int AdderGraph::width(const Adder& adder) const {
  const Form &a = forms_[static_cast<std::size_t>(adder.a.node)], &b = forms_[static_cast<std::size_t>(adder.b.node)];
  const std::int64_t of_a = factor(adder.a), of_b = factor(adder.b);
  std::int64_t lowest = of_a * a.offset + of_b * b.offset, highest = lowest;
  for (std::size_t p = 0; p < n_inputs_; ++p) {
    const std::int64_t c = of_a * a.coefficients[p] + of_b * b.coefficients[p];
    lowest += c * (c < 0 ? input_.highest : input_.lowest);
    highest += c * (c < 0 ? input_.lowest : input_.highest);
  }
  return std::max(bits_of(lowest), bits_of(highest));
}

int AdderGraph::add(const Adder& adder) {
  Form form = sum(adder);
  nodes_.push_back(
      {.adder = adder, .level = 1 + std::max(at(adder.a.node).level, at(adder.b.node).level), .width = width(form)});
  forms_.push_back(std::move(form));
  return static_cast<int>(nodes_.size()) - 1;
}

Addend AdderGraph::constant(std::int64_t value) {
  if (value == 0) return {};
  const int shift = std::countr_zero(static_cast<std::uint64_t>(value));
  const std::int64_t odd = std::abs(value >> shift);
  const auto found = std::find_if(nodes_.begin(), nodes_.end(), [&](const Node& n) { return n.constant == odd; });
  if (found == nodes_.end()) {
    forms_.push_back({.coefficients = std::vector<std::int64_t>(n_inputs_), .offset = odd});
    nodes_.push_back({.constant = odd, .width = bits_of(odd)});
    return {static_cast<int>(nodes_.size()) - 1, shift, value < 0};
  }
  return {static_cast<int>(found - nodes_.begin()), shift, value < 0};
}

bool AdderGraph::turn(int node) {
  if (!at(node).is_adder() || !at(node).adder.b.is_negative) return false;
  const auto reads_first = [&](const Node& n) { return n.adder.a.node == node; };
  // -node - b, or a node that is both addends.
  const auto is_lost = [&](const Node& n) {
    return reads_first(n) && (n.adder.b.is_negative || n.adder.b.node == node);
  };
  if (std::any_of(nodes_.begin(), nodes_.end(), is_lost)) return false;
  const auto swap = [](Adder& adder) {
    std::swap(adder.a, adder.b);
    adder.a.is_negative = false;
    adder.b.is_negative = true;
  };
  for (Node& n : nodes_) {
    if (reads_first(n))
      swap(n.adder);  // node + b is b - node
    else if (n.adder.b.node == node)
      n.adder.b.is_negative = !n.adder.b.is_negative;
  }
  for (Addend& output : outputs_) output.is_negative ^= output.node == node;
  swap(nodes_[static_cast<std::size_t>(node)].adder);
  Form& form = forms_[static_cast<std::size_t>(node)];
  form.offset = -form.offset;
  for (std::int64_t& c : form.coefficients) c = -c;
  nodes_[static_cast<std::size_t>(node)].width = width(form);
  return true;
}

int AdderGraph::bits(const Adder& adder) const {
  const int passed = adder.b.is_negative ? adder.b.shift : std::max(adder.a.shift, adder.b.shift);
  return std::max(width(adder) - passed, 1);
}

std::int64_t AdderGraph::bits() const {
  std::int64_t sum = 0;
  for (const Node& node : nodes_) {
    if (node.is_adder()) sum += bits(node.adder);
  }
  for (const Addend& output : outputs_) {
    if (output.is_negative) sum += at(output.node).width;
  }
  return sum;
}

std::int64_t AdderGraph::n_adders() const {
  return std::count_if(nodes_.begin(), nodes_.end(), [](const Node& node) { return node.is_adder(); }) +
         std::count_if(outputs_.begin(), outputs_.end(), [](const Addend& output) { return output.is_negative; });
}

int AdderGraph::level(const Addend& output) const {
  return output.node < 0 ? 0 : at(output.node).level + (output.is_negative ? 1 : 0);
}

int AdderGraph::depth() const {
  int deepest = 0;
  for (const Addend& output : outputs_) deepest = std::max(deepest, level(output));
  return deepest;
}

std::vector<std::int64_t> AdderGraph::run(std::span<const std::int64_t> x) const {
  std::vector<std::int64_t> values;
  const auto value = [&](const Addend& addend) {
    return addend.node < 0 ? 0 : factor(addend) * values[static_cast<std::size_t>(addend.node)];
  };
  for (const Node& node : nodes_) {
    if (values.size() < n_inputs_) {
      values.push_back(x[values.size()]);
    } else {
      values.push_back(node.constant + value(node.adder.a) + value(node.adder.b));
    }
  }
  std::vector<std::int64_t> y;
  for (const Addend& output : outputs_) y.push_back(value(output));
  return y;
}

}  // namespace ingot::hw
