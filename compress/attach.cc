// Compression as the transforms of a model's layers.
#include <fmt/format.h>

#include <algorithm>

#include "compress/compression.h"
#include "compress/encoder_functions.h"
#include "compress/fits.h"
#include "compress/transforms.h"

namespace ingot::compress {
namespace {

using engine::Tensor;
using engine::TensorTransform;
using engine::TensorTransforms;
using engine::Variable;

// The last tensor that a thread changed on its way into a layer: query, key and value read the same one, and change it
// once. It holds x, so that no other tensor can be taken for it.
struct InputMemo {
  Variable x, y;
  double sparsity = 0;
  std::optional<Quantizer> quantizer;
};
thread_local InputMemo input_memo;

TensorTransform quantizing(const std::optional<Quantizer>& quantizer, bool is_batch) {
  if (!quantizer) return {};
  return [q = *quantizer, is_batch](const Variable& x) { return fake_quantize(x, q, is_batch); };
}

TensorTransform weight_transform(const LayerCompression& layer, const engine::Shape& shape) {
  const std::optional<Quantizer>& quantizer = layer[Role::weight];
  if (layer.weight_mask.empty()) return quantizing(quantizer, false);
  const Tensor mask = Tensor::empty(shape);
  std::copy(layer.weight_mask.begin(), layer.weight_mask.end(), mask.data());
  if (!quantizer) return [mask](const Variable& w) { return masked(w, mask); };
  return [mask, q = *quantizer, again = !keeps_zero(*quantizer)](const Variable& w) {
    const Variable y = fake_quantize(masked(w, mask), q, false);
    return again ? masked(y, mask) : y;
  };
}

// A share of each row set to 0, then quantised.
Variable changed_input(const Variable& x, double sparsity, const std::optional<Quantizer>& quantizer) {
  if (sparsity == 0) return fake_quantize(x, *quantizer, true);
  const Tensor mask = largest_of_rows(x.value(), kept_of_row(x.value().columns(), sparsity));
  const Variable sparse = masked(x, mask);
  if (!quantizer) return sparse;
  const Variable y = fake_quantize(sparse, *quantizer, true);
  return keeps_zero(*quantizer) ? y : masked(y, mask);
}

TensorTransform input_transform(const LayerCompression& layer) {
  if (!layer[Role::input] && layer.input_sparsity == 0) return {};
  return [sparsity = layer.input_sparsity, quantizer = layer[Role::input]](const Variable& x) {
    InputMemo& memo = input_memo;
    const bool same = memo.x.node() == x.node() && memo.sparsity == sparsity && memo.quantizer == quantizer &&
                      (memo.y.requires_gradient() || !x.requires_gradient() || !engine::recording());
    if (!same) memo = {x, changed_input(x, sparsity, quantizer), sparsity, quantizer};
    return memo.y;
  };
}

}  // namespace

void attach(bert::Model& model, const Compression& compression) {
  check_fits("compression", model, compression);
  const auto named = [&](const std::string& name) {
    const auto found = compression.find(name);
    return found == compression.end() ? nullptr : &found->second;
  };
  for (const auto& [name, linear] : model.linears()) {
    linear->transforms = nullptr;
    if (const LayerCompression* layer = named(name)) {
      linear->transforms = std::make_shared<TensorTransforms>(TensorTransforms{
          .input = input_transform(*layer),
          .weight = weight_transform(*layer, linear->weight.shape()),
          .bias = quantizing((*layer)[Role::bias], false),
          .output = quantizing((*layer)[Role::output], true),
      });
    }
  }
  for (const auto& [name, norm] : model.norms()) {
    norm->transforms = nullptr;
    if (const LayerCompression* layer = named(name)) {
      norm->transforms =
          std::make_shared<TensorTransforms>(TensorTransforms{.weight = quantizing((*layer)[Role::weight], false),
                                                              .bias = quantizing((*layer)[Role::bias], false),
                                                              .output = quantizing((*layer)[Role::output], true)});
    }
  }
  attach_encoder(model, compression);
  for (const auto& [name, table] : model.tables()) {
    table->transforms = nullptr;
    if (const LayerCompression* layer = named(name)) {
      table->transforms = std::make_shared<TensorTransforms>(
          TensorTransforms{.weight = weight_transform(*layer, table->weight.shape())});
    }
  }
}

}  // namespace ingot::compress
