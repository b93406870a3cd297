// What is cast into hardware: a chain of layers that hand on fixed-point codes, each by one stream. Data to look at;
// runner.h computes with it, passes/ say what it costs, emit/ writes it as Verilog.
//
// A vector is the n_in codes that the first layer takes. A stream carries it in beats of `lanes` codes, element 0 first
// and in the lowest bits.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "compress/formats/fixed.h"
#include "engine/io/json.h"

namespace ingot::hw {

using compress::FixedPoint;

// sums[j] = bias[j] + sum over p of x[p] weights[j,p], exact, with input.frac_bits + weight_frac_bits[j] fraction bits;
// y[j] = requantize(sums[j], shift(j), ...) of engine/base/fixed_point.h.
struct Linear {
  std::int64_t n, k;  // outputs, inputs
  int weight_width;
  std::vector<int> weight_frac_bits;  // [n]
  std::vector<std::int32_t> weights;  // [n, k] codes
  std::vector<std::int64_t> bias;     // [n] in units of the sums
};

// An element-wise function of codes; `function` is a name of functions.h, which says what the other members are for.
struct Activation {
  std::string function;
  int slope = 0, slope_frac_bits = 0;  // of negative numbers: slope 2^-slope_frac_bits
  std::uint32_t seed = 0;              // of a generator of slopes
  std::vector<std::int32_t> table;     // the output of every input code, by its bits as an unsigned number
};

// Elements that a layer takes and gives at once. Both divide its sizes; an activation gives as many as it takes.
struct Parallelism {
  std::int64_t in = 0, out = 0;  // 0: not chosen yet

  friend bool operator==(const Parallelism&, const Parallelism&) = default;
};

struct Node {
  std::string name;  // of the Verilog parameters and files: an identifier (hw/names.h)
  FixedPoint input, output;
  std::int64_t n_in, n_out;
  std::variant<Linear, Activation> layer;
  Parallelism parallelism{};

  const Linear* linear() const { return std::get_if<Linear>(&layer); }
  const Activation* activation() const { return std::get_if<Activation>(&layer); }
  // Fraction bits that the sums of a channel have more than the output, of a Linear.
  int shift(std::int64_t channel) const;
};

struct Graph {
  std::string name;         // plain (hw/names.h)
  std::vector<Node> nodes;  // at least one; each takes what the one before gives

  const FixedPoint& input() const { return nodes.front().input; }
  const FixedPoint& output() const { return nodes.back().output; }
  std::int64_t n_in() const { return nodes.front().n_in; }
  std::int64_t n_out() const { return nodes.back().n_out; }
};

// Input codes and what must come out of them, row-major.
struct Vectors {
  std::int64_t n = 0;
  std::vector<std::int32_t> input, output;  // [n, n_in], [n, n_out]
};

// What a graph may hold. Reading and writing it takes at most some 100 bytes a weight.
inline constexpr std::size_t kMaxLayers = 1024;
inline constexpr std::int64_t kMaxWeights = std::int64_t{1} << 24;  // of all layers together

// Throws Error naming graph and layer unless sizes are within these limits, sizes and formats fit each other, all codes
// are within their formats, names are as names.h says and differ, and all of it can be run in 64 bits.
void check(const Graph& graph);

// max over channels of |bias| + max |x| sum |weights|: no partial sum of a Linear is larger.
std::int64_t sum_bound(const Node& node);

// As JSON, formats as compress::to_string writes them, parallelism included; graph_of(to_json(g)) is g.
engine::Json to_json(const Graph& graph);
// Throws Error naming `subject`, the place and the rule for anything but what to_json gives, checked as by check().
Graph graph_of(const engine::Json& json, const std::string& subject);

// fixed(8,3), fixed(8,3,floor).
std::string to_string(const FixedPoint& format);

}  // namespace ingot::hw
