// The operations: a new one is its file and a row here.
#include <array>

#include "compress/integer/operation.h"
#include "engine/base/named.h"

namespace ingot::compress {

extern const OperationKind kLinear, kRelu, kLeakyRelu, kRrelu, kRreluLab, kRreluUniform, kGelu, kGeluNew, kTanh, kAdd,
    kAttention, kEmbedding, kFirst, kLayerNorm, kMean;

std::span<const OperationKind* const> operations() {
  static constexpr std::array kKinds{&kLinear,       &kRelu,      &kLeakyRelu, &kRrelu,     &kRreluLab,
                                     &kRreluUniform, &kGelu,      &kGeluNew,   &kTanh,      &kAdd,
                                     &kAttention,    &kEmbedding, &kFirst,     &kLayerNorm, &kMean};
  return kKinds;
}

std::string operation_names() { return engine::names_of(operations()); }

const OperationKind* find_operation(std::string_view name) {
  for (const OperationKind* kind : operations()) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

const OperationKind& operation(std::string_view name) {
  const auto all = operations();
  return *engine::row_named(all, name, "operation: must be one of {}, got '{}'");
}

std::vector<Parameter> parameters(const Layer& layer) {
  return layer.kind().parameters != nullptr ? layer.kind().parameters(layer) : std::vector<Parameter>{};
}

}  // namespace ingot::compress
