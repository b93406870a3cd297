#include "hw/passes/parallelism.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <tuple>

#include "compress/integer/ops/linear.h"
#include "engine/base/error.h"
#include "hw/modules/constants.h"
#include "hw/modules/module.h"
#include "hw/passes/cost.h"
#include "hw/passes/products.h"

namespace ingot::hw {
namespace {

using engine::require;

std::vector<std::int64_t> divisors(std::int64_t n) {
  std::vector<std::int64_t> all;
  for (std::int64_t d = 1; d <= n; ++d) {
    if (n % d == 0) all.push_back(d);
  }
  return all;
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc() && end == text.data() + text.size() && value >= 1 && value <= 65536,
          "parallelism: must be numbers between 1 and 65536 as in 4, 4x2 or fc1=4x2, or adders, got '{}'", text);
  return value;
}

constexpr std::string_view kAdders = "adders";
constexpr Parallelism kByAdders{0, 0};

Parallelism parse(std::string_view text) {
  if (text == kAdders) return kByAdders;
  const std::size_t x = text.find('x');
  if (x == std::string_view::npos) return {number(text), number(text)};
  return {number(text.substr(0, x)), number(text.substr(x + 1))};
}

void check_divides(const Layer& layer, const char* side, std::int64_t size, std::int64_t lanes) {
  require(size % lanes == 0, "parallelism: {} of {} cannot be cut into beats of {}; legal are {}",
          fmt::format("the {} {}", size, side), layer.name(), lanes, fmt::join(divisors(size), ", "));
}

void set(const Graph& graph, Node& node, const Parallelism& wanted) {
  const Layer layer(graph, node);
  if (wanted == kByAdders) return use_adders(graph, node);
  check_divides(layer, "inputs", layer.n_in(), wanted.in);
  check_divides(layer, "outputs", layer.n_out(), wanted.out);
  node.parallelism = wanted;
  if (compress::Linear* const linear = node.as<compress::Linear>()) linear->products = compress::Products::multipliers;
}

// What an activation is given, or for the first layer what was asked for.
void set_activation(const Graph& graph, Node& node, const Node* before, const Parallelism& wanted) {
  const std::int64_t lanes = before != nullptr ? before->parallelism.out : std::max<std::int64_t>(wanted.in, 1);
  set(graph, node, {lanes, lanes});
}

bool is_matrix(const Layer& layer) { return module_for(layer).is_matrix; }

// Multipliers of a matrix, of which outputs in pairs share one if the target is given and has such.
std::int64_t multipliers_of(const Layer& node, const Parallelism& lanes, std::optional<Target> sharing) {
  if (!sharing || node.as<compress::Linear>() == nullptr) return lanes.in * lanes.out;
  LinearShape shape = shape_of(node);
  shape.parallelism = lanes;
  return lanes.in * lanes.out / (can_share_multipliers(shape, *sharing) ? 2 : 1);
}

// The cheapest choice for one matrix within `cycles`; `lanes` is what it is given, 0 if it is free.
std::optional<Parallelism> cheapest(const Layer& node, std::int64_t cycles, std::int64_t lanes,
                                    std::optional<Target> sharing) {
  std::optional<std::tuple<std::int64_t, std::int64_t, bool, std::int64_t, std::int64_t>> best;
  for (const std::int64_t in : divisors(node.n_in())) {
    for (const std::int64_t out : divisors(node.n_out())) {
      if ((node.n_in() / in) * (node.n_out() / out) > cycles) continue;
      const std::tuple candidate{multipliers_of(node, {in, out}, sharing), in * out, lanes != 0 && in != lanes,
                                 std::abs(in - out), in};
      if (!best || candidate < *best) best = candidate;
    }
  }
  if (!best) return std::nullopt;
  const std::int64_t in = std::get<4>(*best);
  return Parallelism{in, std::get<1>(*best) / in};
}

bool try_cycles(Graph& graph, std::int64_t cycles, std::optional<Target> sharing) {
  const Node* before = nullptr;
  for (Node& node : graph.nodes) {
    const Layer layer(graph, node);
    if (is_matrix(layer)) {
      const auto choice = cheapest(layer, cycles, before != nullptr ? before->parallelism.out : 0, sharing);
      if (!choice) return false;
      set(graph, node, *choice);
    } else {
      std::int64_t lanes = before != nullptr ? before->parallelism.out : 1;
      if (before == nullptr) {
        for (const std::int64_t d : divisors(layer.n_in())) {
          lanes = d;
          if (layer.n_in() / d <= cycles) break;
        }
      }
      node.parallelism = {lanes, lanes};
    }
    before = &node;
  }
  if (sharing) share_multipliers(graph, *sharing);
  return true;
}

// All intervals that a layer of the graph can have, ascending.
std::set<std::int64_t> possible_intervals(const Graph& graph) {
  std::set<std::int64_t> all;
  for (const Layer& node : layers(graph)) {
    if (!is_matrix(node)) continue;
    for (const std::int64_t in : divisors(node.n_in())) {
      for (const std::int64_t out : divisors(node.n_out())) all.insert(in * out);
    }
  }
  return all;
}

}  // namespace

void set_parallelism(Graph& graph, std::string_view text, std::optional<Target> sharing) {
  Parallelism general{1, 1};
  std::vector<std::pair<std::string, Parallelism>> special;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      general = parse(part);
    } else {
      special.emplace_back(part.substr(0, equals), parse(part.substr(equals + 1)));
    }
  }
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) names.push_back(node.name);
  for (const auto& [name, parallelism] : special) {
    const auto found = std::find(names.begin(), names.end(), name);
    require(found != names.end(), "parallelism: no layer is named '{}'; there are {}", name, fmt::join(names, ", "));
    if (parallelism == kByAdders) use_adders(graph, graph.nodes[static_cast<std::size_t>(found - names.begin())]);
  }
  const Node* before = nullptr;
  for (Node& node : graph.nodes) {
    Parallelism wanted = general;
    for (const auto& [name, parallelism] : special) {
      if (name == node.name) wanted = parallelism;
    }
    if (is_matrix(Layer(graph, node))) {
      set(graph, node, wanted);
    } else {
      set_activation(graph, node, before, wanted);
    }
    before = &node;
  }
  if (sharing) share_multipliers(graph, *sharing);
}

void choose_for_cycles(Graph& graph, std::int64_t cycles, std::optional<Target> sharing) {
  require(cycles >= 1, "cycles: must be at least 1, got {}", cycles);
  require(try_cycles(graph, cycles, sharing), "cycles: no parallelism reaches {}", cycles);
}

void choose_for_multipliers(Graph& graph, std::int64_t budget, std::optional<Target> sharing) {
  for (const std::int64_t cycles : possible_intervals(graph)) {
    if (try_cycles(graph, cycles, sharing) && multipliers(graph) <= budget) return;
  }
  std::int64_t least = 0;
  for (const Layer& node : layers(graph)) least += is_matrix(node);
  require(budget >= least, "multipliers: {} Linear layers need at least as many, got {}", least, budget);
  choose_for_cycles(graph, std::int64_t{1} << 32, sharing);  // one each, or an activation alone
}

void choose_for_target(Graph& graph, Target target) {
  std::string devices;
  for (const TargetInfo& row : targets()) {
    if (row.budget.lut > 0) devices += (devices.empty() ? "" : ", ") + std::string(row.name);
  }
  require(info(target).budget.lut > 0, "target: {} has no bounds to fit into; {} have", name(target), devices);
  std::set<std::int64_t> intervals = possible_intervals(graph);
  if (intervals.empty()) intervals.insert(graph.n_in());  // activations alone
  std::string missing;
  for (const std::int64_t cycles : intervals) {
    for (const std::optional<Target> sharing : {std::optional<Target>(), std::optional(target)}) {
      if (!try_cycles(graph, cycles, sharing)) continue;
      missing = excess(cost(graph, target), target);
      if (missing.empty()) return;
    }
  }
  engine::fail("target: {} does not fit on {}, not even with a vector every {} cycles: it would take {}", graph.name,
               info(target).device, interval(graph), missing);
}

std::int64_t interval(const Layer& layer) {
  const std::int64_t beats_in = layer.n_in() / layer.parallelism().in;
  return is_matrix(layer) ? beats_in * (layer.n_out() / layer.parallelism().out) : beats_in;
}

std::int64_t interval(const Graph& graph) {
  std::int64_t slowest = 1;
  for (const Layer& layer : layers(graph)) slowest = std::max(slowest, interval(layer));
  return slowest;
}

std::int64_t multipliers(const Graph& graph) {
  std::int64_t sum = 0;
  for (const Layer& layer : layers(graph)) sum += multipliers(layer);
  return sum;
}

std::int64_t multipliers(const Layer& layer) {
  const compress::Linear* const linear = layer.as<compress::Linear>();
  const bool shares = linear != nullptr && linear->products == compress::Products::shared_multipliers;
  return products(layer) / (shares ? 2 : 1);
}

std::int64_t products(const Graph& graph) {
  std::int64_t sum = 0;
  for (const Layer& layer : layers(graph)) sum += products(layer);
  return sum;
}

std::int64_t products(const Layer& layer) {
  if (!is_matrix(layer) || is_by_adders(layer)) return 0;
  return layer.parallelism().in * layer.parallelism().out;
}

}  // namespace ingot::hw
