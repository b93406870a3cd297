// Transform, layer norm, then the word embedding as decoder (tied) with a bias of its own.
#include "bert/heads/masked_lm.h"

#include <numeric>
#include <utility>

#include "engine/autograd/loss.h"

namespace ingot::bert {
namespace {

using engine::Variable;

constexpr const char* kArchitectures[] = {"BertForMaskedLM", "BertForPreTraining"};
constexpr const char* kTransform = "cls.predictions.transform.dense";
constexpr const char* kNorm = "cls.predictions.transform.LayerNorm";
constexpr const char* kBias = "cls.predictions.bias";

constexpr FixedSetting kSettings[] = {{"tie_word_embeddings", "true"}};
constexpr Copy kCopies[] = {{"cls.predictions.decoder.weight", kWordEmbedding},
                            {"cls.predictions.decoder.bias", kBias}};

std::vector<Part> layers(const Config& config) {
  Part transform = linear_part(kTransform, config.hidden_size, config.hidden_size);
  transform.role = "transform";
  transform.reads = "masked";
  transform.activation = config.hidden_act;
  return {vector_part(kBias, config.vocab_size), transform, norm_part(kNorm, config.hidden_size)};
}

std::int64_t n_outputs(const Config& config) { return config.vocab_size; }

// What the decoder reads at these rows.
Variable decoder_input(const Model& model, const Variable& hidden, std::vector<std::int32_t> rows) {
  const Variable selected = engine::select_rows(hidden, std::move(rows));
  return model.head.norms.at(kNorm)(model.head.linears.at(kTransform)(selected, model.config.hidden_act));
}

Variable outputs(const Model& model, const Variable& hidden, const Input& input, engine::DropoutStreams&) {
  std::vector<std::int32_t> all(input.ids.size());
  std::iota(all.begin(), all.end(), 0);
  return predict_tokens(model, hidden, std::move(all));
}

Variable loss(const Variable& outputs, const Targets& targets) {
  return engine::cross_entropy(outputs, targets.labels);
}

}  // namespace

constinit const Head kMaskedLm{.architectures = kArchitectures,
                               .settings = kSettings,
                               .copies = kCopies,
                               .parts = layers,
                               .rows = Head::Rows::tokens,
                               .n_outputs = n_outputs,
                               .outputs = outputs,
                               .loss = loss};

Variable predict_tokens(const Model& model, const Variable& hidden, std::vector<std::int32_t> rows) {
  return engine::linear(decoder_input(model, hidden, std::move(rows)), model.embeddings.word.table(),
                        model.head.vectors.at(kBias), engine::Activation::identity, model.sums);
}

Variable predict_tokens_loss(const Model& model, const Variable& hidden, std::vector<std::int32_t> rows,
                             std::span<const std::int32_t> labels) {
  return engine::linear_cross_entropy(decoder_input(model, hidden, std::move(rows)), model.embeddings.word.table(),
                                      model.head.vectors.at(kBias), labels, model.sums);
}

}  // namespace ingot::bert
