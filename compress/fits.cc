#include "compress/fits.h"

#include <algorithm>
#include <map>
#include <span>

#include "compress/encoder_formats.h"
#include "compress/formats/fixed.h"
#include "compress/formats/kind.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::require;

// `where` names file, layer and role.
void check_quantizer(const std::string& where, const Quantizer& quantizer, Role role, std::int64_t n_channels) {
  engine::with_subject(where, [&] { check_mode(quantizer.format, quantizer.mode); });
  const std::optional<FixedPoint> fixed = as_fixed(quantizer.format);
  require(role == Role::weight || !fixed || fixed->set == CodeSet::all, "{}: only weights have numbers such as {}",
          where, to_string(quantizer.format));
  if (quantizer.channel_frac_bits.empty()) return;
  require(role == Role::weight || role == Role::bias, "{}: only weight and bias have fraction bits by channel", where);
  require(fixed && fixed->rounding && quantizer.mode == Mode::standard,
          "{}: fraction bits by channel need deterministic fixed point in mode standard, got {}", where,
          to_string(quantizer.format));
  const auto n = static_cast<std::int64_t>(quantizer.channel_frac_bits.size());
  require(n == n_channels, "{}: needs {} fraction bits, one a channel, got {}", where, n_channels, n);
  const std::span<const ParameterRule> rules = quantizer.format.kind().rules;
  const ParameterRule& rule = *std::find_if(
      rules.begin(), rules.end(), [](const ParameterRule& r) { return std::string_view(r.name) == "frac_width"; });
  for (const int bits : quantizer.channel_frac_bits) {
    require(bits >= rule.lowest && bits <= rule.highest, "{}: fraction bits must be between {} and {}, got {}", where,
            rule.lowest, rule.highest, bits);
  }
}

// What a kind of layer has that can be compressed.
struct LayerKind {
  const char* name;
  std::span<const Role> roles;
  bool has_mask, has_sparse_input;
};
constexpr Role kOfTables[] = {Role::weight}, kOfNorms[] = {Role::weight, Role::bias, Role::output},
               kOfSoftmax[] = {Role::input, Role::output};
constexpr LayerKind kLinear{"a Linear", kRoles, true, true}, kTable{"an embedding", kOfTables, true, false},
    kNorm{"a layer norm", kOfNorms, false, false}, kSoftmax{"a softmax", kOfSoftmax, false, false};

// `weight`: null if it has none.
void check_layer(const std::string& where, const LayerCompression& layer, const LayerKind& kind,
                 const engine::Shape* weight) {
  for (const Role role : kRoles) {
    if (!layer[role]) continue;
    const bool has = std::find(kind.roles.begin(), kind.roles.end(), role) != kind.roles.end();
    require(has, "{}: is {}, which has no {}", where, kind.name, name(role));
    check_quantizer(where + "." + std::string(name(role)), *layer[role], role, weight == nullptr ? 0 : (*weight)[0]);
  }
  const auto n = static_cast<std::int64_t>(layer.weight_mask.size());
  require(n == 0 || kind.has_mask, "{}: is {}, which has no mask", where, kind.name);
  require(n == 0 || n == weight->size(), "{}: mask must have the {} elements of its weight {}, got {}", where,
          weight == nullptr ? 0 : weight->size(), weight == nullptr ? "" : to_string(*weight), n);
  require(std::all_of(layer.weight_mask.begin(), layer.weight_mask.end(), [](std::uint8_t bit) { return bit <= 1; }),
          "{}: a mask must hold 0 and 1 only", where);
  require(layer.input_sparsity >= 0 && layer.input_sparsity < 1,
          "{}: input sparsity must be at least 0 and below 1, got {}", where, layer.input_sparsity);
  require(&kind == &kNorm || &kind == &kSoftmax || !layer.is_cheap, "{}: is {}, which has no cheap form", where,
          kind.name);
  require(kind.has_sparse_input || layer.input_sparsity == 0, "{}: is {}, which has no input to be sparse", where,
          kind.name);
}

// A layer norm with fraction bits by channel would need a shift for each element. A cheap one exists in integers only.
void check_norm(const std::string& where, const LayerCompression& layer) {
  for (const Role role : kOfNorms)
    require(!layer[role] || layer[role]->channel_frac_bits.empty(), "{}.{}: has one number of fraction bits", where,
            name(role));
  for (const Role role : kOfNorms)
    require(!layer.is_cheap || layer[role], "{}: a root by a table is one in integers, which need a format of {}",
            where, name(role));
}

void check_softmax(const std::string& where, const LayerCompression& layer) {
  const auto fixed = [&](Role role) { return layer[role] ? as_fixed(layer[role]->format) : std::nullopt; };
  const std::optional<FixedPoint> scores = fixed(Role::input), exponentials = fixed(Role::output);
  require(scores && scores->is_signed && scores->rounding == engine::Rounding::nearest_even,
          "{}.input: scores must be fixed(width, frac), rounded to the nearest", where);
  require(exponentials && !exponentials->is_signed && exponentials->width <= 16 &&
              exponentials->frac_bits == exponentials->width,
          "{}.output: exponentials must be ufixed(width,width) of at most 16 bits, as in ufixed(16,16)", where);
}

}  // namespace

void check_fits(const std::string& subject, bert::Model& model, const Compression& compression) {
  std::map<std::string, std::pair<const LayerKind*, engine::Shape>> layers;
  for (const auto& [name, linear] : model.linears()) layers.emplace(name, std::pair(&kLinear, linear->weight.shape()));
  for (const auto& [name, table] : model.tables()) layers.emplace(name, std::pair(&kTable, table->weight.shape()));
  for (const auto& [name, norm] : model.norms()) layers.emplace(name, std::pair(&kNorm, norm->weight.shape()));
  const std::vector<std::string> softmaxes = softmax_names(model.config);
  for (const auto& [name, layer] : compression) {
    const std::string where = subject + ": " + name;
    if (std::find(softmaxes.begin(), softmaxes.end(), name) != softmaxes.end()) {
      check_layer(where, layer, kSoftmax, nullptr);
      check_softmax(where, layer);
      continue;
    }
    const auto found = layers.find(name);
    require(found != layers.end(), "{}: is not a layer of this model of {} encoder layers", where,
            model.config.num_hidden_layers);
    check_layer(where, layer, *found->second.first, &found->second.second);
    if (found->second.first == &kNorm) check_norm(where, layer);
  }
}

}  // namespace ingot::compress
