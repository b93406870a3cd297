// Looks into a model at one text: which tokens speak for its answer, and where its attention looks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bert/model.h"

namespace ingot::bert {

struct Inspection {
  std::vector<float> outputs;                  // [n_outputs] of the text, before Head::predictions
  std::size_t explained = 0;                   // the largest of them
  std::vector<double> shares;                  // [n_tokens] of the output `explained`
  std::vector<engine::QueryAndKey> attention;  // of each layer
};

// Gradient times input (Simonyan et al. 2013; Shrikumar et al. 2017): a token's share is the sum over the hidden size
// of its word embedding times the gradient of the largest output by it, which is how fast the output grows as the word
// embedding of this one token does. Gradients of compressed models are straight-through: 0 where a value was clipped.
// `input`: one sequence; the head must have one row of outputs for it. Gradients of the parameters are cleared.
Inspection inspect(const Model& model, const Input& input);

// The probabilities of one attention head over a single sequence, [n_tokens, n_tokens]: a row is a token that looks, a
// column one that is looked at; softmax(q k^T / sqrt(head_dim)).
engine::Tensor attention_map(const engine::QueryAndKey& layer, std::int64_t head);

}  // namespace ingot::bert
