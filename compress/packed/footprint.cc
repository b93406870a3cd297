#include "compress/packed/footprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bert/structure.h"
#include "compress/formats/fixed.h"
#include "compress/packed/model.h"

namespace ingot::compress {
namespace {

constexpr double kFloatBits = 32;
constexpr double kFracBits = 8;  // of the fraction bits of a channel

double bits_of(const std::optional<Quantizer>& quantizer, const engine::Shape& shape) {
  const auto n = static_cast<double>(shape.size());
  if (!quantizer) return kFloatBits * n;
  return bits_per_value(quantizer->format, shape) * n +
         kFracBits * static_cast<double>(quantizer->channel_frac_bits.size());
}

LayerFootprint describe(const std::string& name, const LayerCompression& layer, std::int64_t n_weights) {
  LayerFootprint footprint{.name = name, .weights = n_weights};
  for (const Role role : kRoles) {
    footprint.formats[static_cast<std::size_t>(role)] = layer[role] ? to_string(*layer[role]) : "float32";
  }
  footprint.zeros = std::count(layer.weight_mask.begin(), layer.weight_mask.end(), std::uint8_t{0});
  return footprint;
}

// Of all parameters together.
double bits_of(bert::Model& model, const Compression& compression) {
  double bits = 0;
  for (const engine::Parameter& p : model.parameters()) bits += bits_of({}, p.variable.shape());
  const auto add = [&](const std::string& name, const engine::Variable& weight, const engine::Variable& bias) {
    const auto found = compression.find(name);
    if (found == compression.end()) return;
    bits += bits_of(found->second[Role::weight], weight.shape()) - bits_of({}, weight.shape());
    if (bias.defined()) bits += bits_of(found->second[Role::bias], bias.shape()) - bits_of({}, bias.shape());
  };
  for (const auto& [name, table] : model.tables()) add(name, table->weight, {});
  for (const auto& [name, linear] : model.linears()) add(name, linear->weight, linear->bias);
  return bits;
}

}  // namespace

double average_bits(bert::Model& model, const Compression& compression) {
  return bits_of(model, compression) / static_cast<double>(bert::n_parameters(model.config));
}

std::string to_string(const Quantizer& quantizer) {
  if (quantizer.channel_frac_bits.empty()) return to_string(quantizer.format);
  const auto [least, most] =
      std::minmax_element(quantizer.channel_frac_bits.begin(), quantizer.channel_frac_bits.end());
  const std::string range = *least == *most ? std::to_string(*least) : fmt::format("{}..{}", *least, *most);
  if (as_fixed(quantizer.format)->set != CodeSet::all) return fmt::format("{}({})", quantizer.format.name(), range);
  return fmt::format("{}({},{})", quantizer.format.name(), quantizer.format.parameter("width"), range);
}

Footprint footprint(bert::Model& model, const Compression& compression) {
  Footprint total;
  const std::int64_t n_parameters = bert::n_parameters(model.config);
  const double bits = bits_of(model, compression);
  std::int64_t n_masked = 0, n_pruned = 0;
  const auto add = [&](const std::string& name, const engine::Variable& weight) {
    const auto found = compression.find(name);
    if (found == compression.end()) return;
    total.layers.push_back(describe(name, found->second, weight.value().size()));
    n_pruned += total.layers.back().zeros;
    if (!found->second.weight_mask.empty()) n_masked += weight.value().size();
  };
  for (const auto& [name, table] : model.tables()) add(name, table->weight);
  for (const auto& [name, linear] : model.linears()) add(name, linear->weight);
  total.average_bits = bits / static_cast<double>(n_parameters);
  bert::Model compressed = model;
  attach(compressed, compression);
  total.packed_bytes = packed_bytes(compressed, compression).value_or(static_cast<std::int64_t>(std::ceil(bits / 8)));
  total.float_bytes = 4 * n_parameters;
  total.sparsity = n_masked > 0 ? static_cast<double>(n_pruned) / static_cast<double>(n_masked) : 0;
  return total;
}

}  // namespace ingot::compress
