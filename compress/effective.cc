#include "compress/effective.h"

#include <cstring>
#include <memory>

namespace ingot::compress {
namespace {

using engine::Tensor;

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.span().size_bytes()) == 0;
}

}  // namespace

engine::Variable make_tensor(const std::string&, const std::function<Tensor()>& make) {
  return engine::Variable(make());
}

bert::Model baked(const bert::Model& model, const KeepTensor& keep) {
  const engine::NoGradient off;
  bert::Model made = model;
  for (const auto& [name, linear] : made.linears()) {
    const engine::Linear before = *linear;
    if (before.transforms == nullptr) continue;
    auto transforms = std::make_shared<engine::TensorTransforms>(*before.transforms);
    transforms->weight = transforms->bias = {};
    *linear = {keep(name, [&] { return before.effective_weight().value(); }),
               engine::Variable(before.effective_bias().value()), std::move(transforms)};
  }
  for (const auto& [name, norm] : made.norms()) {
    if (norm->transforms == nullptr) continue;
    auto transforms = std::make_shared<engine::TensorTransforms>(*norm->transforms);
    transforms->weight = transforms->bias = {};
    norm->weight = engine::Variable(norm->effective_weight().value());
    norm->bias = engine::Variable(norm->effective_bias().value());
    norm->transforms = std::move(transforms);
  }
  bake_tables(made, keep);
  return made;
}

void bake_tables(bert::Model& model, const KeepTensor& keep) {
  const engine::NoGradient off;
  for (const auto& [name, table] : model.tables()) {
    const engine::Embedding before = *table;
    if (before.transforms != nullptr) *table = {keep(name, [&] { return before.table().value(); }), nullptr};
  }
}

std::map<std::string, Tensor> effective_parameters(bert::Model model) {
  std::map<std::string, Tensor> values;
  for (const engine::Parameter& p : baked(model).parameters()) values[p.name] = p.variable.value();
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
