#include "compress/fits.h"

#include <algorithm>

#include "compress/formats/fixed.h"
#include "compress/formats/kind.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::require;

// `where` names file, layer and role.
void check_quantizer(const std::string& where, const Quantizer& quantizer, Role role, std::int64_t n_channels) {
  engine::with_subject(where, [&] { check_mode(quantizer.format, quantizer.mode); });
  if (quantizer.channel_frac_bits.empty()) return;
  require(role == Role::weight || role == Role::bias, "{}: only weight and bias have fraction bits by channel", where);
  const std::optional<FixedPoint> fixed = as_fixed(quantizer.format);
  require(fixed && fixed->rounding && quantizer.mode == Mode::standard,
          "{}: fraction bits by channel need deterministic fixed point in mode standard, got {}", where,
          to_string(quantizer.format));
  const auto n = static_cast<std::int64_t>(quantizer.channel_frac_bits.size());
  require(n == n_channels, "{}: needs {} fraction bits, one a channel, got {}", where, n_channels, n);
  const ParameterRule& rule = quantizer.format.kind().rules[1];
  for (const int bits : quantizer.channel_frac_bits) {
    require(bits >= rule.lowest && bits <= rule.highest, "{}: fraction bits must be between {} and {}, got {}", where,
            rule.lowest, rule.highest, bits);
  }
}

void check_layer(const std::string& where, const LayerCompression& layer, const engine::Shape& weight, bool is_linear) {
  for (const Role role : kRoles) {
    if (!layer[role]) continue;
    require(is_linear || role == Role::weight, "{}: is an embedding, which has no {}", where, name(role));
    check_quantizer(where + "." + std::string(name(role)), *layer[role], role, weight[0]);
  }
  const auto n = static_cast<std::int64_t>(layer.weight_mask.size());
  require(n == 0 || n == weight.size(), "{}: mask must have the {} elements of its weight {}, got {}", where,
          weight.size(), to_string(weight), n);
  require(std::all_of(layer.weight_mask.begin(), layer.weight_mask.end(), [](std::uint8_t bit) { return bit <= 1; }),
          "{}: a mask must hold 0 and 1 only", where);
  require(layer.input_sparsity >= 0 && layer.input_sparsity < 1,
          "{}: input sparsity must be at least 0 and below 1, got {}", where, layer.input_sparsity);
  require(is_linear || layer.input_sparsity == 0, "{}: is an embedding, which has no input to be sparse", where);
}

}  // namespace

void check_fits(const std::string& subject, bert::Model& model, const Compression& compression) {
  const auto linears = model.linears();
  const auto tables = model.tables();
  for (const auto& [name, layer] : compression) {
    const auto is_named = [&name = name](const auto& item) { return item.first == name; };
    const auto linear = std::find_if(linears.begin(), linears.end(), is_named);
    const auto table = std::find_if(tables.begin(), tables.end(), is_named);
    const std::string where = subject + ": " + name;
    if (linear != linears.end()) {
      check_layer(where, layer, linear->second->weight.shape(), true);
    } else {
      require(table != tables.end(), "{}: is not a layer of this model of {} encoder layers", where,
              model.config.num_hidden_layers);
      check_layer(where, layer, table->second->weight.shape(), false);
    }
  }
}

}  // namespace ingot::compress
