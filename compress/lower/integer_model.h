// A model with a head whose lowered layers compute in integers: the same bits as the model with exact sums, only
// faster. Attention, layer norms, activations and the embeddings' sum stay in float32.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bert/model.h"
#include "compress/lower/integer_unit.h"
#include "compress/lower/program.h"

namespace ingot::compress {

// The reference: the model with its transforms, and exact sums in every layer of the program. The weights
// are shared.
bert::Model exact_model(const bert::Model& model, const IntegerProgram& program);

// Called with the name and the output [rows, n], before its activation, of every Linear that runs in integers.
using IntegerObserver = std::function<void(const std::string& name, const engine::Tensor& output)>;

// One Linear of a model: in integers if the program has it, else as it is.
class IntegerStep {
 public:
  IntegerStep(std::string name, const engine::Linear& linear, const IntegerProgram& program,
              engine::Activation activation, const IntegerObserver& observer);

  engine::Tensor operator()(const engine::Tensor& x) const;  // [rows, k] -> [rows, n], activated
  // Its unit if codes can be passed on directly: nothing but codes, sums with bias and the activation lie between x and
  // y. Null otherwise.
  const IntegerUnit* plain_unit() const { return plain_ ? &*unit_ : nullptr; }
  std::size_t bytes() const { return unit_ ? unit_->bytes() : 0; }

 private:
  std::string name_;
  engine::Linear linear_;
  engine::Activation activation_;
  IntegerObserver observer_;
  bool plain_ = false;
  bool sparse_input_ = false;
  std::optional<IntegerUnit> unit_;
};

class IntegerModel {
 public:
  // The model computes with the compression that `program` was made of. Layers share inputs and hand on codes where
  // they can, unless they are observed.
  IntegerModel(const bert::Model& model, const IntegerProgram& program, const IntegerObserver& observer = {});

  engine::Variable outputs(const bert::Input& input) const;  // of the head
  std::size_t bytes() const;                                 // of packed weights, biases and factors

 private:
  struct Layer {
    std::optional<IntegerUnit> joined;  // query, key and value in one product, ...
    std::vector<IntegerStep> apart;     // ... or each by itself
    IntegerStep attention_output, intermediate, output;
  };

  void replace(const std::string& name, engine::Linear& linear, engine::Activation activation,
               const IntegerProgram& program, const IntegerObserver& observer);
  Layer make_layer(std::size_t index, const IntegerProgram& program, const IntegerObserver& observer) const;
  engine::Tensor attend(const Layer& layer, const engine::Tensor& hidden, const bert::Input& input) const;
  engine::Tensor feed_forward(const Layer& layer, const engine::Tensor& attended) const;

  bert::Model model_;
  std::vector<Layer> layers_;
  std::vector<std::shared_ptr<const IntegerStep>> head_;  // the layers behind the encoder
};

}  // namespace ingot::compress
