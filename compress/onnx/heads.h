// What stands on the encoder, as nodes of an ONNX graph.
#pragma once

#include "bert/model.h"
#include "compress/onnx/layers.h"

namespace ingot::compress {

// Tensors of the graph from which heads go on.
struct OnnxTensors {
  OnnxGraph::Value hidden;  // float32 [batch, sequence, hidden]
  OnnxGraph::Value mask;    // float32 [batch, sequence], 0 or 1
};

// Writes the outputs of the graph and returns the name of the first. Throws Error for a head that it does not know.
std::string add_onnx_head(OnnxGraph& graph, OnnxLayers& layers, const bert::Model& model, const OnnxTensors& tensors);

}  // namespace ingot::compress
