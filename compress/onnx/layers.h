// Layers of a model as nodes of an ONNX graph: what Linear, Embedding and LayerNorm of engine/nn/ compute.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "compress/compression.h"
#include "compress/onnx/graph.h"
#include "engine/nn/module.h"

namespace ingot::compress {

class OnnxLayers {
 public:
  using Value = OnnxGraph::Value;
  using Select = std::function<Value(const Value& table, const std::string& name)>;

  OnnxLayers(OnnxGraph& graph, const Compression& compression) : graph_(graph), compression_(compression) {}

  // A Linear that is left out is its activation alone.
  Value linear(const std::string& name, const engine::Linear& layer, const Value& x,
               engine::Activation activation = engine::Activation::identity);
  Value norm(const std::string& name, const engine::LayerNorm& layer, const Value& x);
  Value activate(const std::string& name, const Value& x, engine::Activation activation);
  // The rows of the table that select(...) takes of a tensor with as many rows. It is called twice where each row has
  // a scale of its own.
  Value rows(const std::string& name, const engine::Embedding& table, const Select& select);

  // Sentences about what the graph does otherwise than the model, or than a reader would expect.
  std::vector<std::string> notes() const;

 private:
  Value edge(const std::string& name, const Value& x, Role role);
  Value sparse(const std::string& name, const Value& x, std::int64_t n_kept);  // of each row
  Value input(const std::string& name, const Value& x, std::int64_t n);        // [..., n]
  // [in, out], as MatMul reads it.
  Value weight(const std::string& name, const engine::Linear& layer);
  void note_floats(const std::string& name);  // where a weight has a format that its numbers are no codes of
  const LayerCompression* compression_of(const std::string& name) const;

  OnnxGraph& graph_;
  const Compression& compression_;
  std::map<std::string, Value> inputs_;  // what was made of a tensor on its way into layers, for those that share it
  std::vector<std::string> wide_, float_, unpacked_;
};

}  // namespace ingot::compress
