// The graph that becomes hardware: a chain of layers, each of which passes fixed-point codes to the next by one stream.
// A graph is plain data. runner.h computes with it, modules/ and emit/ write it as Verilog, passes/ estimate its cost.
//
// A vector is the n_in codes that a layer takes at a time. A stream carries a vector in beats of `lanes` codes. Element
// 0 is in the first beat and in its lowest bits.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "compress/formats/fixed.h"
#include "engine/io/json.h"

namespace ingot::hw {

using compress::FixedPoint;

// sums[j] = bias[j] + sum over p of x[p] weights[j,p], exact, with input.frac_bits + weight_frac_bits[j] fraction bits.
// y[j] = requantize(sums[j], shift(j), ...), as engine/base/fixed_point.h defines it.
struct Linear {
  std::int64_t n, k;  // outputs, inputs
  int weight_width;
  std::vector<int> weight_frac_bits;  // [n]
  std::vector<std::int32_t> weights;  // [n, k] codes
  std::vector<std::int64_t> bias;     // [n], with the fraction bits of the sums
};

// An element-wise function of codes. `function` is a name of functions.cc; its FunctionKind (functions.h) decides which
// of the other members count.
struct Activation {
  std::string function;
  int slope = 0, slope_frac_bits = 0;  // negative numbers are multiplied by slope 2^-slope_frac_bits
  std::uint32_t seed = 0;              // of the generator of slopes
  std::vector<std::int32_t> table;     // output codes, indexed by the bits of the input code as an unsigned number
};

// The number of elements that a layer takes and gives in a beat. They divide the layer's sizes n_in and n_out. An
// activation gives as many as it takes.
struct Parallelism {
  std::int64_t in = 0, out = 0;  // 0: not chosen yet

  friend bool operator==(const Parallelism&, const Parallelism&) = default;
};

struct Node {
  std::string name;  // an identifier (hw/names.h): Verilog parameters and image files begin with it
  FixedPoint input, output;
  std::int64_t n_in, n_out;
  std::variant<Linear, Activation> layer;
  Parallelism parallelism{};

  const Linear* linear() const { return std::get_if<Linear>(&layer); }
  const Activation* activation() const { return std::get_if<Activation>(&layer); }
  // For a Linear: the fraction bits of the channel's sums minus those of the output.
  int shift(std::int64_t channel) const;
};

struct Graph {
  std::string name;         // plain (hw/names.h)
  std::vector<Node> nodes;  // at least one; each takes the output of the one before

  const FixedPoint& input() const { return nodes.front().input; }
  const FixedPoint& output() const { return nodes.back().output; }
  std::int64_t n_in() const { return nodes.front().n_in; }
  std::int64_t n_out() const { return nodes.back().n_out; }
};

// Input codes and the output codes that belong to them, row-major.
struct Vectors {
  std::int64_t n = 0;
  std::vector<std::int32_t> input, output;  // [n, n_in], [n, n_out]
};

// The limits of a graph. Reading or writing one takes about 100 bytes of memory a weight at most.
inline constexpr std::size_t kMaxLayers = 1024;
inline constexpr std::int64_t kMaxWeights = std::int64_t{1} << 24;  // in all layers together

// Throws Error naming graph and layer unless sizes are within the limits, neighbours agree in size and format, all
// codes are within their formats, names are valid (hw/names.h) and different, and every sum fits in 64 bits.
void check(const Graph& graph);

// max over channels of |bias| + max |x| sum |weights|: no partial sum of a Linear is larger in magnitude.
std::int64_t sum_bound(const Node& node);

// The graph as JSON, parallelism included: graph_of(to_json(g), ...) is g. Formats are texts as in compress/formats.
engine::Json to_json(const Graph& graph);
// Reads what to_json writes, and checks it as check() does. Throws Error naming `subject`, the place and the rule.
Graph graph_of(const engine::Json& json, const std::string& subject);

// The format as text: fixed(8,3), ufixed(8,3), fixed(8,3,floor).
std::string to_string(const FixedPoint& format);

}  // namespace ingot::hw
