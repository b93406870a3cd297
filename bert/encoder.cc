// The forward pass: embeddings, encoder layers, heads.
#include "bert/model.h"
#include "engine/autograd/elementwise.h"
#include "engine/autograd/loss.h"
#include "engine/base/error.h"

namespace ingot::bert {

using engine::Activation;
using engine::DropoutStreams;
using engine::Variable;

Variable Embeddings::operator()(const Input& input, DropoutStreams& streams) const {
  const Variable sum = engine::embedding(
      {{word.table(), input.ids}, {position.table(), input.positions}, {token_type.table(), input.token_types}});
  return engine::dropout(norm(sum), streams.next(dropout));
}

Variable EncoderLayer::operator()(const Variable& hidden, const Input& input, DropoutStreams& streams) const {
  const Variable context = engine::attention(query(hidden), key(hidden), value(hidden), input.sequences, n_heads,
                                             streams.next(attention_dropout));
  const Variable attended = attention_norm(attention_output(context), hidden, streams.next(hidden_dropout));
  return output_norm(output(intermediate(attended, activation)), attended, streams.next(hidden_dropout));
}

Variable Model::encode(const Input& input, DropoutStreams& streams, std::vector<Variable>* hidden_states) const {
  Variable hidden = embeddings(input, streams);
  if (hidden_states != nullptr) hidden_states->push_back(hidden);
  for (const EncoderLayer& layer : layers) {
    hidden = layer(hidden, input, streams);
    if (hidden_states != nullptr) hidden_states->push_back(hidden);
  }
  return hidden;
}

Variable Model::classify(const Variable& hidden, const Input& input, DropoutStreams& streams) const {
  const Variable summary = config.pooling == Pooling::cls ? engine::first_rows(hidden, input.sequences)
                                                          : engine::mean_rows(hidden, input.sequences);
  const Variable pooled = pooler(summary, Activation::tanh);
  const float probability = config.classifier_dropout >= 0 ? config.classifier_dropout : config.hidden_dropout_prob;
  return classifier(engine::dropout(pooled, streams.next(probability)));
}

namespace {

// What the decoder reads at these rows.
Variable decoder_input(const Model& model, const Variable& hidden, std::vector<std::int32_t> rows) {
  const Variable selected = engine::select_rows(hidden, std::move(rows));
  return model.masked_lm.norm(model.masked_lm.transform(selected, model.config.hidden_act));
}

}  // namespace

Variable Model::predict_tokens(const Variable& hidden, std::vector<std::int32_t> rows) const {
  return engine::linear(decoder_input(*this, hidden, std::move(rows)), embeddings.word.table(), masked_lm.bias);
}

Variable Model::predict_tokens_loss(const Variable& hidden, std::vector<std::int32_t> rows,
                                    std::span<const std::int32_t> labels) const {
  return engine::linear_cross_entropy(decoder_input(*this, hidden, std::move(rows)), embeddings.word.table(),
                                      masked_lm.bias, labels);
}

}  // namespace ingot::bert
