#include "hw/graph/model_file.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/rng.h"
#include "engine/io/json.h"
#include "engine/io/safetensors.h"
#include "engine/io/toml.h"
#include "hw/graph/fields.h"
#include "hw/graph/functions.h"
#include "hw/graph/random_slopes.h"
#include "hw/names.h"

namespace ingot::hw {
namespace fs = std::filesystem;
namespace {

using engine::Json;
using engine::require;

constexpr std::int64_t kMaxSize = 65536;

FixedPoint format_in(Fields& fields, const std::string& name) {
  const std::string text = fields.text(name);
  try {
    if (const auto fixed = compress::as_fixed(compress::parse_format(text)); fixed && fixed->rounding) return *fixed;
  } catch (const engine::Error& error) {
    engine::fail("{}: {}", fields.place(name), error.what());
  }
  engine::fail("{}: must be fixed point that is not rounded at random, got '{}'", fields.place(name), text);
}

// The weights and biases of the layers: read from a file, or drawn.
class Weights {
 public:
  Weights(const std::string& file, const fs::path& folder, bool of_all_codes, std::uint64_t seed)
      : of_all_codes_(of_all_codes), seed_(seed) {
    if (!file.empty()) file_.emplace(folder / file);
  }

  // Counts the weights of one more layer, before memory is allocated for them. Throws Error beyond kMaxWeights.
  void count(const std::string& where, std::int64_t n) {
    n_counted_ += n;
    require(n_counted_ <= kMaxWeights,
            "{}: {} weights make {} with those of the layers before; at most {} are possible", where, n, n_counted_,
            kMaxWeights);
  }

  std::vector<float> get(const std::string& name, const std::vector<std::int64_t>& shape, double bound,
                         const FixedPoint& format) {
    if (file_) return file_->floats(file_->get(name, "F32", shape));
    std::int64_t n = 1;
    for (const std::int64_t d : shape) n *= d;
    engine::Rng rng(seed_, static_cast<std::uint64_t>(engine::Stream::initialisation) << 56 | n_drawn_++);
    std::vector<float> values;
    const engine::CodeRange codes = format.codes();
    const auto n_codes = static_cast<std::uint64_t>(codes.highest - codes.lowest + 1);
    for (std::int64_t i = 0; of_all_codes_ && i < n; ++i) {
      const std::int64_t code = codes.lowest + static_cast<std::int64_t>(rng.below(n_codes));
      values.push_back(static_cast<float>(std::ldexp(static_cast<double>(code), -format.frac_bits)));
    }
    for (std::int64_t i = 0; !of_all_codes_ && i < n; ++i)
      values.push_back(static_cast<float>((2 * rng.uniform() - 1) * bound));
    return values;
  }

 private:
  std::optional<engine::Safetensors> file_;
  bool of_all_codes_;
  std::uint64_t seed_, n_drawn_ = 0;
  std::int64_t n_counted_ = 0;
};

std::int64_t code_of(float x, const FixedPoint& format, const std::string& where, std::size_t i) {
  const auto [lowest, highest] = engine::fixed_range(format.width, format.frac_bits, format.is_signed);
  const double unit = engine::power_of_two(-format.frac_bits);
  require(std::isfinite(x) && x > lowest - unit && x < highest + unit,
          "{}[{}]: {} does not fit into {}, which goes from {} to {}", where, i, x, to_string(format), lowest, highest);
  return engine::fixed_code(x, format.frac_bits, *format.rounding, format.codes());
}

Linear linear_in(Fields& fields, const std::string& name, std::int64_t k, const FixedPoint& input, Weights& weights) {
  Linear linear{.n = fields.integer("outputs", 1, kMaxSize), .k = k, .weight_width = 0};
  weights.count(fields.place("outputs"), linear.n * k);
  const FixedPoint weight = format_in(fields, "weight"), bias = format_in(fields, "bias");
  require(weight.is_signed, "{}: must be signed, got {}", fields.place("weight"), to_string(weight));
  const int left = input.frac_bits + weight.frac_bits - bias.frac_bits;
  require(left >= 0 && left < 30, "{}: must have at most the {} fraction bits of the products, got {}",
          fields.place("bias"), input.frac_bits + weight.frac_bits, to_string(bias));
  linear.weight_width = weight.width;
  linear.weight_frac_bits.assign(static_cast<std::size_t>(linear.n), weight.frac_bits);
  const double bound = 1 / std::sqrt(static_cast<double>(k));
  const std::vector<float> w = weights.get(name + ".weight", {linear.n, k}, bound, weight);
  const std::vector<float> b = weights.get(name + ".bias", {linear.n}, bound, bias);
  for (std::size_t i = 0; i < w.size(); ++i)
    linear.weights.push_back(static_cast<std::int32_t>(code_of(w[i], weight, name + ".weight", i)));
  for (std::size_t i = 0; i < b.size(); ++i) linear.bias.push_back(code_of(b[i], bias, name + ".bias", i) << left);
  return linear;
}

void set_slope(Activation& activation, Fields& fields) {
  if (activation.function == "rrelu") {
    activation.slope = kEvalSlope;
    activation.slope_frac_bits = kEvalSlopeFracBits;
    return;
  }
  const Json& value = fields.value("slope");
  const double slope = value.is_number() ? value.get<double>() : -1.0;
  const double scaled = std::ldexp(slope, 16);
  require(slope >= 0 && slope < 1 && scaled == std::floor(scaled),
          "{}: must be a multiple of 2^-16 from 0 to below 1, got {}", fields.place("slope"), engine::shown(value));
  activation.slope = static_cast<int>(scaled);
  activation.slope_frac_bits = 16;
  while (activation.slope_frac_bits > 0 && activation.slope % 2 == 0) {
    activation.slope /= 2;
    --activation.slope_frac_bits;
  }
}

Activation activation_in(Fields& fields, const std::string& type, const FixedPoint& input, const FixedPoint& output) {
  require(find_function(type) != nullptr, "{}: must be linear, {}, got '{}'", fields.place("type"), function_names(),
          type);
  Activation activation{.function = type};
  const Function& f = function(type);
  switch (f.kind) {
    case FunctionKind::relu:
      break;
    case FunctionKind::slope:
      set_slope(activation, fields);
      break;
    case FunctionKind::random_lab:
    case FunctionKind::random_uniform:
      activation.seed = static_cast<std::uint32_t>(fields.integer_or("seed", 1, UINT32_MAX, LabSlopes::kSeed));
      break;
    case FunctionKind::table:
      require(input.width <= kMaxTableWidth, "{}: {} takes at most {} bits, got {}", fields.place("type"), type,
              kMaxTableWidth, to_string(input));
      activation.table = make_table(f.engine_activation, input, output);
      break;
  }
  return activation;
}

Node node_in(const Json& object, const std::string& where, const Graph& graph, const FixedPoint& first,
             Weights& weights) {
  Fields fields(object, where);
  const bool is_first = graph.nodes.empty();
  const FixedPoint input = is_first ? first : graph.output();
  Node node{.name = fields.text("name"), .input = input, .output = input};
  node.n_in = is_first ? fields.integer(fields.has("size") ? "size" : "inputs", 1, kMaxSize) : graph.n_out();
  if (fields.has("output")) node.output = format_in(fields, "output");
  const std::string type = fields.text("type");
  if (type == "linear") {
    require(fields.has("output"), "{} is missing", fields.place("output"));
    if (!is_first && fields.has("inputs"))
      require(fields.integer("inputs", 1, kMaxSize) == node.n_in, "{}: must be the {} that come before, got {}",
              fields.place("inputs"), node.n_in, engine::shown(fields.value("inputs")));
    node.layer = linear_in(fields, node.name, node.n_in, input, weights);
    node.n_out = node.linear()->n;
  } else {
    node.layer = activation_in(fields, type, input, node.output);
    node.n_out = node.n_in;
  }
  fields.end();
  return node;
}

std::vector<std::int32_t> vectors_in(const Json& rows, const std::string& where, const Graph& graph) {
  const engine::CodeRange range = graph.input().codes();
  std::vector<std::int32_t> codes;
  for (const Json& row : rows) {
    require(row.is_array() && static_cast<std::int64_t>(row.size()) == graph.n_in(),
            "{}: each must be {} codes, got {}", where, graph.n_in(),
            row.is_array() ? fmt::format("{}", row.size()) : engine::shown(row));
    for (const Json& code : row) {
      const bool ok = code.is_number_integer() &&
                      !(code.is_number_unsigned() && code.get<std::uint64_t>() > INT32_MAX) &&
                      code.get<std::int64_t>() >= range.lowest && code.get<std::int64_t>() <= range.highest;
      require(ok, "{}: must be codes of {}, got {}", where, to_string(graph.input()), engine::shown(code));
      codes.push_back(code.get<std::int32_t>());
    }
  }
  return codes;
}

}  // namespace

ModelFile parse_model(const std::string& text, const std::string& subject, const fs::path& folder, std::uint64_t seed) {
  const Json object = engine::parse_toml(text, subject);
  Fields fields(object, subject);
  ModelFile model{.graph = {.name = fields.text("name")}};
  check_plain(fields.place("name"), model.graph.name);
  const FixedPoint input = format_in(fields, "input");
  const std::string file = fields.text_or("weights", ""), drawn = fields.text_or("draw", "");
  require(drawn.empty() || drawn == "all_codes", "{}: must be \"all_codes\", got '{}'", fields.place("draw"), drawn);
  require(drawn.empty() || file.empty(), "{}: nothing is drawn where weights come from a file; leave one of both out",
          fields.place("draw"));
  Weights weights(file, folder, drawn == "all_codes", seed);
  const Json& layers = fields.array("layers");
  require(!layers.empty() && layers.size() <= kMaxLayers, "{}: there must be 1 to {}, got {}", fields.place("layers"),
          kMaxLayers, layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string where = fmt::format("{}: layers[{}]", subject, i);
    model.graph.nodes.push_back(node_in(layers[i], where, model.graph, input, weights));
  }
  if (fields.has("vectors")) model.vectors = vectors_in(fields.array("vectors"), fields.place("vectors"), model.graph);
  fields.end();
  try {
    check(model.graph);
  } catch (const engine::Error& error) {
    engine::fail("{}: {}", subject, error.what());
  }
  return model;
}

ModelFile read_model_file(const fs::path& path, std::uint64_t seed) {
  return parse_model(engine::read_file(path), path.string(), path.parent_path(), seed);
}

}  // namespace ingot::hw
