// BERT (Devlin et al. 2019): embeddings, post-LN encoder, pooler, and on them a head, whose row is in bert/heads/.
// Tokens of all sequences lie packed one after another: [n_tokens, hidden]; padding exists only where the caller put
// it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bert/config.h"
#include "engine/autograd/attention.h"
#include "engine/nn/module.h"

namespace ingot::bert {

struct Input {
  std::vector<std::int32_t> ids;          // [n_tokens]
  std::vector<std::int32_t> positions;    // [n_tokens]
  std::vector<std::int32_t> token_types;  // [n_tokens]
  std::shared_ptr<const engine::Sequences> sequences;
};

struct Embeddings {
  engine::Embedding word, position, token_type;
  engine::LayerNorm norm;
  float dropout = 0;

  // Both [n_tokens, hidden].
  engine::Variable sum(const Input& input) const;  // of the three tables
  engine::Variable operator()(const Input& input, engine::DropoutStreams& streams) const;
};

// What the encoder computes on its way, for those who look inside.
struct EncoderStates {
  std::vector<engine::Variable> hidden;        // [n_tokens, hidden]: the embeddings, then each layer's
  std::vector<engine::QueryAndKey> attention;  // of each layer
};

struct EncoderLayer {
  engine::Linear query, key, value, attention_output;
  engine::LayerNorm attention_norm;
  engine::Linear intermediate, output;
  engine::LayerNorm output_norm;
  std::int64_t n_heads = 1;
  engine::Activation activation = engine::Activation::gelu;
  float attention_dropout = 0, hidden_dropout = 0;
  // Attention in another way, without dropout. Null: there is none.
  using Attend = std::function<engine::Variable(const engine::Variable& query, const engine::Variable& key,
                                                const engine::Variable& value,
                                                const std::shared_ptr<const engine::Sequences>& sequences)>;
  std::shared_ptr<const Attend> attend = nullptr;

  engine::Variable operator()(const engine::Variable& hidden, const Input& input, engine::DropoutStreams& streams,
                              EncoderStates* states = nullptr) const;
};

// What a head is made of, by name: the layers that its row describes.
struct HeadLayers {
  std::map<std::string, engine::Linear, std::less<>> linears{};
  std::map<std::string, engine::LayerNorm, std::less<>> norms{};
  std::map<std::string, engine::Variable, std::less<>> vectors{};
};

struct Model {
  Config config;
  Embeddings embeddings;
  std::vector<EncoderLayer> layers;
  engine::Linear pooler;  // where config.has_pooler()
  HeadLayers head;
  // What makes one row of each text, in another way than config.pooling says. Null: there is none.
  using Summarise = std::function<engine::Variable(const engine::Variable& hidden,
                                                   const std::shared_ptr<const engine::Sequences>& sequences)>;
  std::shared_ptr<const Summarise> summarise = nullptr;
  engine::Sums sums = engine::Sums::fastest;  // of the decoder of masked LM, which is no Linear of its own

  // Makes every Linear, and that decoder, add up its products so: fastest or bf16.
  void set_sums(engine::Sums how);

  // Hidden states of the last layer [n_tokens, hidden]; what was computed before them goes to `states` if given.
  engine::Variable encode(const Input& input, engine::DropoutStreams& streams, EncoderStates* states = nullptr) const;

  // One row of each text, [n_sequences, hidden]: `summarise`, or its first row or the mean of its rows.
  engine::Variable summary(const engine::Variable& hidden, const Input& input) const;

  // The input of heads that answer for whole texts, [n_sequences, hidden]: the pooler with tanh, applied to the first
  // token of each text or, with Pooling::mean, to the mean of its tokens.
  engine::Variable pool(const engine::Variable& hidden, const Input& input) const;

  // The head's outputs from the encoder's: [n_sequences, n_outputs] or [n_tokens, n_outputs]. The head must have some.
  engine::Variable outputs(const engine::Variable& hidden, const Input& input, engine::DropoutStreams& streams) const;

  // Every parameter under its Hugging Face name, in the order of parameter_specs(config).
  std::vector<engine::Parameter> parameters() const;

  // Every Linear that is not left out, under the name of its parameters without ".weight": where compression attaches
  // its transforms.
  std::vector<std::pair<std::string, engine::Linear*>> linears();
  std::vector<std::pair<std::string, engine::Embedding*>> tables();
  std::vector<std::pair<std::string, engine::LayerNorm*>> norms();
};

// A model of this config whose layers have no parameters yet.
Model skeleton_of(const Config& config);

// Fresh weights as BERT draws them: matrices and embeddings normal(0, initializer_range), the padding embedding, biases
// and betas 0, gammas 1. A function of config and seed alone.
Model make_model(const Config& config, std::uint64_t seed);

// A model of these tensors, by parameter name, one for each of parameter_specs(config) and of its shape.
Model model_of(const Config& config, const std::map<std::string, engine::Tensor>& tensors);

// The checkpoint in a Hugging Face folder. Throws Error as read_config and read_checkpoint do.
Model load_model(const std::filesystem::path& folder);

// A model of this config whose body comes from the checkpoint in `folder` (of any task); what the checkpoint lacks
// (heads, and a pooler after masked LM) is drawn from the seed. Throws Error if the two differ in a size.
Model model_from_body(const std::filesystem::path& folder, const Config& config, std::uint64_t seed);

// The same weights under another config of the same sizes and task: other dropout, pooling or label names.
Model with_config(const Model& model, const Config& config);

// config.json and model.safetensors.
void save_model(const std::filesystem::path& folder, const Model& model);

}  // namespace ingot::bert
