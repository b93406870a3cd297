#include "compress/effective.h"

#include <cstring>

namespace ingot::compress {
namespace {

using engine::Tensor;

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.span().size_bytes()) == 0;
}

}  // namespace

std::map<std::string, Tensor> effective_parameters(bert::Model model) {
  const engine::NoGradient off;
  std::map<std::string, Tensor> values;
  for (const engine::Parameter& p : model.parameters()) values[p.name] = p.variable.value();
  for (const auto& [name, linear] : model.linears()) {
    values[name + ".weight"] = linear->effective_weight().value();
    values[name + ".bias"] = linear->effective_bias().value();
  }
  for (const auto& [name, table] : model.tables()) values[name + ".weight"] = table->table().value();
  return values;
}

Compression settled(const bert::Model& model, Compression compression) {
  const std::map<std::string, Tensor> once = effective_parameters(model);
  bert::Model again = bert::model_of(model.config, once);
  attach(again, compression);
  const std::map<std::string, Tensor> twice = effective_parameters(again);
  for (auto& [name, layer] : compression) {
    for (const auto& [role, ending] : {std::pair{Role::weight, ".weight"}, std::pair{Role::bias, ".bias"}}) {
      if (layer[role] && !same_bits(once.at(name + ending), twice.at(name + ending))) layer[role].reset();
    }
  }
  return compression;
}

}  // namespace ingot::compress
