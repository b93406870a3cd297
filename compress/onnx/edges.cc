#include "compress/onnx/edges.h"

#include <cassert>
#include <cmath>

namespace ingot::compress {
namespace {

using engine::Rounding;
using Value = OnnxGraph::Value;

// Scales beyond these would not be normal float32 numbers.
constexpr int kMostFracBits = 120;

float unit_of(int frac_bits) { return std::ldexp(1.0f, -frac_bits); }

OnnxGraph::Type type_of(bool is_signed) { return is_signed ? OnnxGraph::Type::int8 : OnnxGraph::Type::uint8; }

// The integer that R of engine/base/fixed_point.h gives. Half away from zero is half to even, and one more where that
// went down by exactly a half: adding a half before Floor would round the sum itself.
Value rounded(OnnxGraph& graph, const Value& scaled, Rounding rounding, const std::string& name) {
  if (rounding == Rounding::nearest_even) return graph.add("Round", name + ".Round", {scaled});
  if (rounding == Rounding::floor) return graph.add("Floor", name + ".Floor", {scaled});
  const Value size = graph.add("Abs", name + ".Abs", {scaled});
  const Value even = graph.add("Round", name + ".Round", {size});
  const Value rest = graph.add("Sub", name + ".rest", {size, even});
  const Value is_half = graph.add("Equal", name + ".is_half", {rest, graph.scalar(0.5f)});
  const Value more = graph.add("Cast", name + ".more", {is_half}, {{"to", std::int64_t{1}}});
  const Value away = graph.add("Add", name + ".away", {even, more});
  return graph.add("Mul", name + ".signed", {graph.add("Sign", name + ".Sign", {scaled}), away});
}

}  // namespace

bool is_exact_in_onnx(const Format& format) {
  const std::optional<FixedPoint> fixed = as_fixed(format);
  return fixed && fixed->rounding && std::abs(fixed->frac_bits) <= kMostFracBits;
}

Value quantized_edge(OnnxGraph& graph, const Value& x, const FixedPoint& format, const std::string& name) {
  assert(format.rounding);
  const engine::CodeRange codes = format.codes();
  const float unit = unit_of(format.frac_bits);
  const auto lowest = static_cast<float>(codes.lowest), highest = static_cast<float>(codes.highest);
  const bool is_wide = format.width > kMaxOnnxWidth;
  Value y = x;
  if (is_wide || format.rounding != Rounding::nearest_even) {
    const Value scaled = graph.add("Mul", name + ".in_units", {y, graph.scalar(unit_of(-format.frac_bits))});
    y = rounded(graph, scaled, *format.rounding, name);
    if (is_wide) y = graph.add("Clip", name + ".Clip", {y, graph.scalar(lowest), graph.scalar(highest)});
    y = graph.add("Mul", name + ".of_units", {y, graph.scalar(unit)});
  }
  if (is_wide) return y;
  if (format.width < kMaxOnnxWidth) {
    y = graph.add("Clip", name + ".Clip", {y, graph.scalar(lowest * unit), graph.scalar(highest * unit)});
  }
  const Value zero = graph.zero_point(type_of(format.is_signed)), scale = graph.scalar(unit);
  y = graph.add("QuantizeLinear", name + ".QuantizeLinear", {y, scale, zero});
  return graph.add("DequantizeLinear", name + ".DequantizeLinear", {y, scale, zero});
}

std::optional<OnnxCodes> onnx_codes(const engine::Tensor& weight, const std::optional<Quantizer>& quantizer) {
  const std::optional<FixedPoint> fixed = quantizer ? as_fixed(quantizer->format) : std::nullopt;
  if (!fixed || fixed->width > kMaxOnnxWidth) return {};
  std::vector<int> frac_bits = quantizer->channel_frac_bits;
  if (frac_bits.empty()) frac_bits = {fixed->frac_bits};
  OnnxCodes all{.type = type_of(fixed->is_signed)};
  for (const int f : frac_bits) {
    if (std::abs(f) > kMostFracBits) return {};
    all.scales.push_back(unit_of(f));
  }
  const std::span<const float> values = weight.span();
  const std::size_t n_in_row = values.size() / frac_bits.size();
  all.codes.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int f = frac_bits[i / n_in_row];
    const std::int64_t code = engine::fixed_code(values[i], f, Rounding::nearest_even, fixed->codes());
    if (engine::fixed_value(code, f) != values[i]) return {};
    all.codes.push_back(code);
  }
  return all;
}

}  // namespace ingot::compress
