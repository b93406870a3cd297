// A whole model as one integer graph, from token ids to the head's outputs.
#pragma once

#include "bert/model.h"
#include "compress/compression.h"
#include "compress/integer/fused_runner.h"
#include "compress/integer/runner.h"

namespace ingot::compress {

// Whether the graph of a model that computes with `compression` exists, but for the widths of its sums.
bool is_all_integers(bert::Model& model, const Compression& compression);

// The graph of a model that computes with `compression`: attached, or its parameters are numbers of its formats
// already. Inputs: ids and token types, one number a token; a token's place in its text is its position. The output has
// a row a text, or a row a token, as the head answers: exact sums of its Linear, with fraction bits of their own.
// Throws Error that names the first layer that is not in integers, why, and what makes it so, or an edge whose width
// cannot be proved.
Graph lower_model(bert::Model& model, const Compression& compression);

// The graph of its n layers from `first` on, without embeddings and head: from the rows of codes that the first of them
// reads to those that the last one gives. Throws Error as lower_model does, and for layers that the model lacks.
Graph lower_layers(bert::Model& model, const Compression& compression, std::int64_t first, std::int64_t n);

// Runs the graph of a whole model on batches. The bits are those of the model with `compression` attached wherever
// float32 holds the sums of its Linears exactly.
class WholeModel {
 public:
  explicit WholeModel(const bert::Model& model, const Compression& compression);

  const Graph& graph() const { return *graph_; }
  // The head's outputs [rows, n] as numbers. Throws Error if a text is longer than the positions.
  engine::Tensor outputs(const bert::Input& input);
  // What every edge carried, by edge, computed by the reference.
  std::vector<Codes> edges(const bert::Input& input);

 private:
  std::unique_ptr<Graph> graph_;
  std::unique_ptr<FusedRunner> runner_;
};

}  // namespace ingot::compress
