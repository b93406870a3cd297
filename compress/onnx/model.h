// A model as a file of ONNX, for ONNX Runtime and other readers.
//
// Inputs: input_ids, attention_mask, token_type_ids, int64 [batch, sequence], both sizes free; the mask hides padding
// from attention and from means. Outputs are float32: logits [batch, labels] of heads that answer for texts, logits
// [batch, sequence, n] of those that answer for tokens, embeddings [batch, hidden] of length 1, or last_hidden_state
// [batch, sequence, hidden] of an encoder without a head. Weights of Linears are transposed, [in, out], as MatMul reads
// them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bert/model.h"
#include "compress/compression.h"
#include "compress/onnx/graph.h"

namespace ingot::compress {

struct OnnxModel {
  std::string bytes;
  std::string output;              // its name
  std::vector<std::string> notes;  // sentences: what is not computed as in ingot, or not packed
  std::int64_t n_nodes = 0;
};

// Of a model that computes with `compression`: attached, or its weights and biases masked and quantised already. Throws
// Error for a head that ONNX has not been taught, naming it, and for a file that would have more than most_bytes.
OnnxModel to_onnx(const bert::Model& model, const Compression& compression, std::string_view producer_version,
                  std::int64_t most_bytes = kMostOnnxBytes);

}  // namespace ingot::compress
