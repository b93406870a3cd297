#include "hw/graph/runner.h"

#include <algorithm>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/kernels/fixed_gemm/fixed_gemm.h"
#include "hw/graph/functions.h"
#include "hw/graph/random_slopes.h"

namespace ingot::hw {

using engine::CodeType;
using Codes = std::vector<std::int32_t>;
namespace kernels = engine::kernels;

// Takes codes [n, n_in] and gives [n, n_out].
struct GraphStage {
  virtual ~GraphStage() = default;
  virtual Codes run(const Codes& x) = 0;
  virtual void reset() {}
};

namespace {

class PlainLinear {
 public:
  explicit PlainLinear(const Node& node) : node_(node), linear_(*node.linear()) {}

  Codes run(const Codes& x) const {
    const auto k = static_cast<std::size_t>(linear_.k), n = static_cast<std::size_t>(linear_.n), m = x.size() / k;
    Codes y(m * n);
    engine::parallel_for(static_cast<std::int64_t>(m), 16, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
        for (std::size_t j = 0; j < n; ++j) y[i * n + j] = output(&x[i * k], j);
      }
    });
    return y;
  }

 private:
  std::int32_t output(const std::int32_t* x, std::size_t j) const {
    const auto k = static_cast<std::size_t>(linear_.k);
    std::int64_t sum = linear_.bias[j];
    for (std::size_t p = 0; p < k; ++p) sum += std::int64_t{x[p]} * linear_.weights[j * k + p];
    return static_cast<std::int32_t>(engine::requantize(sum, node_.shift(static_cast<std::int64_t>(j)),
                                                        *node_.output.rounding, node_.output.codes()));
  }

  const Node& node_;
  const Linear& linear_;
};

// The narrowest type of the kernels that holds the codes of a format.
std::optional<CodeType> code_type(const FixedPoint& format) {
  if (format.width <= 8) return format.is_signed ? CodeType::s8 : CodeType::u8;
  if (format.is_signed ? format.width <= 16 : format.width < 16) return CodeType::s16;
  return std::nullopt;
}

// Runs on the engine's kernels, whose sums have 32 bits.
class FastLinear {
 public:
  static bool serves(const Node& node) {
    return code_type(node.input) && code_type(node.output) && sum_bound(node) < std::int64_t{1} << 31;
  }

  explicit FastLinear(const Node& node)
      : k_(node.n_in),
        n_(node.n_out),
        x_type_(wide(node) ? CodeType::s16 : *code_type(node.input)),
        weights_(packed(node, x_type_)),
        requantizer_(weights_, requantization(node)) {}

  Codes run(const Codes& x) const {
    const auto m = static_cast<std::int64_t>(x.size()) / k_;
    switch (x_type_) {
      case CodeType::s8:
        return run_as<std::int8_t>(m, x);
      case CodeType::u8:
        return run_as<std::uint8_t>(m, x);
      default:
        return run_as<std::int16_t>(m, x);
    }
  }

 private:
  static bool wide(const Node& node) { return node.linear()->weight_width > 8 || node.input.width > 8; }

  static kernels::PackedWeights packed(const Node& node, CodeType type) {
    const Linear& linear = *node.linear();
    const std::vector<std::int32_t> bias(linear.bias.begin(), linear.bias.end());
    const kernels::FixedLayer layer{.name = node.name,
                                    .n = linear.n,
                                    .k = linear.k,
                                    .activations = type,
                                    .activation_range = node.input.codes(),
                                    .bias = bias};
    if (type == CodeType::s16) return {layer, std::vector<std::int16_t>(linear.weights.begin(), linear.weights.end())};
    return {layer, 8, std::vector<std::int8_t>(linear.weights.begin(), linear.weights.end())};
  }

  kernels::Requantization requantization(const Node& node) {
    for (std::int64_t j = 0; j < node.n_out; ++j) shifts_.push_back(node.shift(j));
    y_type_ = *code_type(node.output);
    return {.shifts = shifts_, .rounding = *node.output.rounding, .type = y_type_, .range = node.output.codes()};
  }

  template <class X>
  Codes run_as(std::int64_t m, const Codes& codes) const {
    const std::vector<X> x(codes.begin(), codes.end());
    switch (y_type_) {
      case CodeType::s8:
        return multiply<std::int8_t>(m, x.data());
      case CodeType::u8:
        return multiply<std::uint8_t>(m, x.data());
      default:
        return multiply<std::int16_t>(m, x.data());
    }
  }

  template <class Y>
  Codes multiply(std::int64_t m, const void* x) const {
    std::vector<Y> y(static_cast<std::size_t>(m * n_));
    kernels::fixed_linear(weights_, m, x, k_, requantizer_, y.data(), n_);
    return {y.begin(), y.end()};
  }

  std::int64_t k_, n_;
  CodeType x_type_, y_type_ = CodeType::s8;
  std::vector<int> shifts_;
  kernels::PackedWeights weights_;
  kernels::Requantizer requantizer_;
};

template <class Layer>
struct LinearStage : GraphStage {
  explicit LinearStage(const Node& node) : layer(node) {}
  Codes run(const Codes& x) override { return layer.run(x); }
  Layer layer;
};

struct TableStage : GraphStage {
  explicit TableStage(const Node& node) : table(node.activation()->table), mask((1u << node.input.width) - 1) {}
  Codes run(const Codes& x) override {
    Codes y;
    for (const std::int32_t code : x) y.push_back(table[static_cast<std::uint32_t>(code) & mask]);
    return y;
  }
  const Codes& table;
  std::uint32_t mask;
};

// x for x >= 0, else slope x.
std::int32_t sloped(std::int32_t x, std::int64_t slope, int frac_bits, const FixedPoint& output,
                    engine::Rounding rounding) {
  if (x >= 0) return x;
  return static_cast<std::int32_t>(engine::requantize(slope * x, frac_bits, rounding, output.codes()));
}

struct SlopeStage : GraphStage {  // relu is slope 0
  explicit SlopeStage(const Node& node) : activation(*node.activation()), output(node.output) {}
  Codes run(const Codes& x) override {
    Codes y;
    for (const std::int32_t code : x)
      y.push_back(sloped(code, activation.slope, activation.slope_frac_bits, output, *output.rounding));
    return y;
  }
  const Activation& activation;
  const FixedPoint& output;
};

// The generator of slopes steps once a beat of `lanes` codes.
template <class Slopes>
struct RandomStage : GraphStage {
  RandomStage(const Node& node, const Slopes& start)
      : output(node.output), lanes(static_cast<std::size_t>(node.parallelism.in)), start(start), slopes(start) {
    engine::require(lanes > 0, "{}: draws slopes beat by beat; its parallelism must be chosen first", node.name);
  }
  Codes run(const Codes& x) override {
    const engine::Rounding rounding = slopes.rounding(*output.rounding);
    Codes y;
    for (std::size_t beat = 0; beat < x.size(); beat += lanes) {
      for (std::size_t lane = 0; lane < lanes; ++lane)
        y.push_back(sloped(x[beat + lane], slopes.slope(lane), Slopes::kFracBits, output, rounding));
      slopes.step();
    }
    return y;
  }
  void reset() override { slopes = start; }
  const FixedPoint& output;
  std::size_t lanes;
  Slopes start, slopes;
};

std::unique_ptr<GraphStage> activation_stage(const Node& node) {
  switch (function(*node.activation()).kind) {
    case FunctionKind::table:
      return std::make_unique<TableStage>(node);
    case FunctionKind::random_lab:
      return std::make_unique<RandomStage<LabSlopes>>(node, LabSlopes(node.activation()->seed));
    case FunctionKind::random_uniform:
      return std::make_unique<RandomStage<UniformSlopes>>(
          node, UniformSlopes(node.activation()->seed, static_cast<std::size_t>(node.parallelism.in)));
    case FunctionKind::relu:
    case FunctionKind::slope:
      break;
  }
  return std::make_unique<SlopeStage>(node);
}

}  // namespace

GraphRunner::GraphRunner(const Graph& graph, Linears linears) : graph_(graph) {
  for (const Node& node : graph.nodes) {
    if (node.linear() == nullptr) {
      stages_.push_back(activation_stage(node));
    } else if (linears == Linears::fast && FastLinear::serves(node)) {
      stages_.push_back(std::make_unique<LinearStage<FastLinear>>(node));
    } else {
      stages_.push_back(std::make_unique<LinearStage<PlainLinear>>(node));
    }
  }
}

GraphRunner::~GraphRunner() = default;
GraphRunner::GraphRunner(GraphRunner&&) noexcept = default;

Codes GraphRunner::run(std::span<const std::int32_t> codes) {
  engine::require(static_cast<std::int64_t>(codes.size()) % graph_.n_in() == 0,
                  "{}: takes vectors of {} codes, got {} codes", graph_.name, graph_.n_in(), codes.size());
  const engine::CodeRange range = graph_.input().codes();
  for (const std::int32_t code : codes)
    engine::require(code >= range.lowest && code <= range.highest, "{}: takes codes of {}, got {}", graph_.name,
                    to_string(graph_.input()), code);
  Codes x(codes.begin(), codes.end());
  if (x.empty()) return x;
  for (const auto& stage : stages_) x = stage->run(x);
  return x;
}

void GraphRunner::reset() {
  for (const auto& stage : stages_) stage->reset();
}

}  // namespace ingot::hw
