#include "compress/onnx/layers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numbers>

#include "compress/onnx/edges.h"
#include "compress/transforms.h"

namespace ingot::compress {
namespace {

using engine::Activation;
using engine::Tensor;
using Value = OnnxGraph::Value;

std::vector<std::int64_t> dims_of(const Tensor& tensor) {
  const auto dims = tensor.shape().dims();
  return {dims.begin(), dims.end()};
}

// Of rows [n_out, n_in].
template <class T>
std::vector<T> transposed(std::span<const T> rows, std::size_t n_out) {
  const std::size_t n_in = rows.size() / n_out;
  std::vector<T> columns(rows.size());
  for (std::size_t i = 0; i < n_out; ++i)
    for (std::size_t j = 0; j < n_in; ++j) columns[j * n_out + i] = rows[i * n_in + j];
  return columns;
}

Value dequantized(OnnxGraph& graph, const std::string& name, const Value& values, const OnnxCodes& codes,
                  std::int64_t axis) {
  if (codes.scales.size() == 1) {
    return graph.add("DequantizeLinear", name, {values, graph.scalar(codes.scales[0]), graph.zero_point(codes.type)});
  }
  const std::vector<std::int64_t> n{std::ssize(codes.scales)}, zeros(codes.scales.size());
  const Value zero_points = graph.codes(name + ".zero_points", n, codes.type, zeros);
  return graph.add("DequantizeLinear", name, {values, graph.floats(name + ".scales", n, codes.scales), zero_points},
                   {{"axis", axis}});
}

// x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
Value gelu_tanh(OnnxGraph& graph, const std::string& name, const Value& x) {
  const Value square = graph.add("Mul", name + ".square", {x, x});
  const Value cube = graph.add("Mul", name + ".cube", {square, x});
  const Value part = graph.add("Mul", name + ".part", {cube, graph.scalar(0.044715f)});
  const Value sum = graph.add("Add", name + ".sum", {x, part});
  const Value inner = graph.add("Mul", name + ".inner", {sum, graph.scalar(0.79788456080286535588f)});
  const Value tanh = graph.add("Tanh", name + ".Tanh", {inner});
  const Value above = graph.add("Add", name + ".above", {tanh, graph.scalar(1)});
  const Value twice = graph.add("Mul", name + ".twice", {x, above});
  return graph.add("Mul", name + ".GELU", {twice, graph.scalar(0.5f)});
}

// x (1 + erf(x / sqrt(2))) / 2, in the order in which ONNX Runtime recognises it.
Value gelu(OnnxGraph& graph, const std::string& name, const Value& x) {
  const Value inner = graph.add("Div", name + ".inner", {x, graph.scalar(std::numbers::sqrt2_v<float>)});
  const Value erf = graph.add("Erf", name + ".Erf", {inner});
  const Value above = graph.add("Add", name + ".above", {erf, graph.scalar(1)});
  const Value twice = graph.add("Mul", name + ".twice", {x, above});
  return graph.add("Mul", name + ".GELU", {twice, graph.scalar(0.5f)});
}

}  // namespace

const LayerCompression* OnnxLayers::compression_of(const std::string& name) const {
  const auto found = compression_.find(name);
  return found == compression_.end() ? nullptr : &found->second;
}

Value OnnxLayers::activate(const std::string& name, const Value& x, Activation activation) {
  switch (activation) {
    case Activation::identity:
      return x;
    case Activation::gelu:
      return gelu(graph_, name, x);
    case Activation::gelu_tanh:
      return gelu_tanh(graph_, name, x);
    case Activation::relu:
      return graph_.add("Relu", name + ".Relu", {x});
    case Activation::tanh:
      return graph_.add("Tanh", name + ".Tanh", {x});
  }
  __builtin_unreachable();
}

Value OnnxLayers::edge(const std::string& name, const Value& x, Role role) {
  const std::string place = fmt::format("{}.{}", name, compress::name(role));
  const Format& format = (*compression_of(name))[role]->format;
  if (!is_exact_in_onnx(format)) {
    float_.push_back(fmt::format("{} ({})", place, to_string(format)));
    return x;
  }
  const FixedPoint fixed = *as_fixed(format);
  if (fixed.width > kMaxOnnxWidth) wide_.push_back(fmt::format("{} ({})", place, to_string(format)));
  return quantized_edge(graph_, x, fixed, place);
}

// Of equal ones TopK takes those that come first, as the mask of ingot does.
Value OnnxLayers::sparse(const std::string& name, const Value& x, std::int64_t n_kept) {
  const Value zeros = graph_.add("ConstantOfShape", name + ".zeros", {graph_.add("Shape", name + ".shape", {x})});
  if (n_kept <= 0) return zeros;
  const Value n = graph_.int64s(name + ".n_largest", std::span<const std::int64_t>(&n_kept, 1));
  const auto [largest, places] =
      graph_.add_pair("TopK", name + ".largest", {graph_.add("Abs", name + ".size", {x}), n});
  const Value kept = graph_.add("GatherElements", name + ".kept", {x, places}, {{"axis", std::int64_t{-1}}});
  return graph_.add("ScatterElements", name + ".sparse", {zeros, places, kept}, {{"axis", std::int64_t{-1}}});
}

Value OnnxLayers::input(const std::string& name, const Value& x, std::int64_t n) {
  const LayerCompression* layer = compression_of(name);
  if (layer == nullptr || (!(*layer)[Role::input] && layer->input_sparsity == 0)) return x;
  const std::optional<Quantizer>& quantizer = (*layer)[Role::input];
  const std::string key =
      fmt::format("{} {} {} {}", x, layer->input_sparsity, quantizer ? to_string(quantizer->format) : "",
                  quantizer && quantizer->mode == Mode::mase ? "mase" : "");
  Value& made = inputs_[key];
  if (!made.empty()) return made;
  Value y = x;
  if (layer->input_sparsity != 0) y = sparse(name + ".input", y, kept_of_row(n, layer->input_sparsity));
  return made = quantizer ? edge(name, y, Role::input) : y;
}

void OnnxLayers::note_floats(const std::string& name) {
  const LayerCompression* how = compression_of(name);
  if (how == nullptr || !(*how)[Role::weight]) return;
  unpacked_.push_back(fmt::format("{}.weight ({})", name, to_string((*how)[Role::weight]->format)));
}

Value OnnxLayers::weight(const std::string& name, const engine::Linear& layer) {
  const Tensor weight = layer.effective_weight().value();
  const std::vector<std::int64_t> dims = dims_of(weight), turned{dims[1], dims[0]};
  const auto n_out = static_cast<std::size_t>(dims[0]);
  const std::string place = name + ".weight";
  const LayerCompression* how = compression_of(name);
  const std::optional<OnnxCodes> codes = how != nullptr ? onnx_codes(weight, (*how)[Role::weight]) : std::nullopt;
  if (!codes) {
    note_floats(name);
    return graph_.floats(place + ".transposed", turned, transposed<float>(weight.span(), n_out));
  }
  const Value values =
      graph_.codes(place + ".codes.transposed", turned, codes->type, transposed<std::int64_t>(codes->codes, n_out));
  return dequantized(graph_, place + ".DequantizeLinear", values, *codes, 1);
}

Value OnnxLayers::linear(const std::string& name, const engine::Linear& layer, const Value& x, Activation activation) {
  if (layer.is_identity()) return activate(name, x, activation);
  const Value products =
      graph_.add("MatMul", name + ".MatMul", {input(name, x, layer.weight.shape()[1]), weight(name, layer)});
  const Tensor bias = layer.effective_bias().value();
  Value y = graph_.add("Add", name + ".Add", {products, graph_.floats(name + ".bias", dims_of(bias), bias.span())});
  const LayerCompression* how = compression_of(name);
  if (how != nullptr && (*how)[Role::output]) y = edge(name, y, Role::output);
  return activate(name, y, activation);
}

Value OnnxLayers::norm(const std::string& name, const engine::LayerNorm& layer, const Value& x) {
  const Tensor gamma = layer.weight.value(), beta = layer.bias.value();
  return graph_.add("LayerNormalization", name + ".LayerNormalization",
                    {x, graph_.floats(name + ".weight", dims_of(gamma), gamma.span()),
                     graph_.floats(name + ".bias", dims_of(beta), beta.span())},
                    {{"axis", std::int64_t{-1}}, {"epsilon", layer.eps}});
}

Value OnnxLayers::rows(const std::string& name, const engine::Embedding& table, const Select& select) {
  const Tensor weight = table.table().value();
  const std::vector<std::int64_t> dims = dims_of(weight);
  const std::string place = name + ".weight";
  const LayerCompression* how = compression_of(name);
  const std::optional<OnnxCodes> codes = how != nullptr ? onnx_codes(weight, (*how)[Role::weight]) : std::nullopt;
  if (!codes) {
    note_floats(name);
    return select(graph_.floats(place, dims, weight.span()), name);
  }
  const Value selected = select(graph_.codes(place + ".codes", dims, codes->type, codes->codes), name);
  if (codes->scales.size() == 1) return dequantized(graph_, name + ".DequantizeLinear", selected, *codes, 1);
  const Value scales = select(graph_.floats(place + ".scales", {dims[0], 1}, codes->scales), name + ".scales");
  const Value as_float = graph_.add("Cast", name + ".Cast", {selected}, {{"to", std::int64_t{1}}});
  return graph_.add("Mul", name + ".Mul", {as_float, scales});
}

std::vector<std::string> OnnxLayers::notes() const {
  std::vector<std::string> all;
  if (!wide_.empty()) {
    all.push_back(fmt::format(
        "QuantizeLinear of opset 17 knows 8 bits: these are wider, and float32 operations round them to the same "
        "numbers: {}",
        fmt::join(wide_, ", ")));
  }
  if (!float_.empty()) {
    all.push_back(fmt::format(
        "no operation of ONNX computes these formats: they stay float32, so the outputs differ from those of ingot: {}",
        fmt::join(float_, ", ")));
  }
  if (!unpacked_.empty()) {
    all.push_back(fmt::format(
        "these are not fixed point of at most 8 bits: the numbers that the model computes with stand in the file as "
        "float32: {}",
        fmt::join(unpacked_, ", ")));
  }
  return all;
}

}  // namespace ingot::compress
