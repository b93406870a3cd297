// The forward pass up to the head: embeddings, encoder layers, pooler.
#include <cassert>

#include "bert/head.h"
#include "bert/model.h"
#include "engine/autograd/elementwise.h"
#include "engine/base/error.h"

namespace ingot::bert {

using engine::Activation;
using engine::DropoutStreams;
using engine::Variable;

Variable Embeddings::sum(const Input& input) const {
  return engine::embedding(
      {{word.table(), input.ids}, {position.table(), input.positions}, {token_type.table(), input.token_types}});
}

Variable Embeddings::operator()(const Input& input, DropoutStreams& streams) const {
  return engine::dropout(norm(sum(input)), streams.next(dropout));
}

Variable EncoderLayer::operator()(const Variable& hidden, const Input& input, DropoutStreams& streams,
                                  EncoderStates* states) const {
  const Variable v = value(hidden), k = key(hidden), q = query(hidden);
  if (states != nullptr) states->attention.push_back({q, k, n_heads});
  const engine::Dropout dropout = streams.next(attention_dropout);
  engine::require(attend == nullptr || dropout.probability == 0,
                  "attention: one in integers goes without dropout, got {}", dropout.probability);
  const Variable context = attend != nullptr ? (*attend)(q, k, v, input.sequences)
                                             : engine::attention(q, k, v, input.sequences, n_heads, dropout, query.sums);
  const Variable attended = attention_norm(attention_output(context), hidden, streams.next(hidden_dropout));
  return output_norm(output(intermediate(attended, activation)), attended, streams.next(hidden_dropout));
}

Variable Model::encode(const Input& input, DropoutStreams& streams, EncoderStates* states) const {
  Variable hidden = embeddings(input, streams);
  if (states != nullptr) states->hidden.push_back(hidden);
  for (const EncoderLayer& layer : layers) {
    hidden = layer(hidden, input, streams, states);
    if (states != nullptr) states->hidden.push_back(hidden);
  }
  return hidden;
}

Variable Model::summary(const Variable& hidden, const Input& input) const {
  if (summarise != nullptr) return (*summarise)(hidden, input.sequences);
  return config.pooling == Pooling::cls ? engine::first_rows(hidden, input.sequences)
                                        : engine::mean_rows(hidden, input.sequences);
}

Variable Model::pool(const Variable& hidden, const Input& input) const {
  return pooler(summary(hidden, input), Activation::tanh);
}

Variable Model::outputs(const Variable& hidden, const Input& input, DropoutStreams& streams) const {
  assert(config.head->outputs != nullptr);
  return config.head->outputs(*this, hidden, input, streams);
}

}  // namespace ingot::bert
