// The shape of a BERT, as Hugging Face's config.json says it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/kernels/activation/activation.h"

namespace ingot::bert {

struct Head;                                // bert/head.h: what the model is for
extern const Head kSequenceClassification;  // the head of a Config unless another is chosen
extern const Head kEncoder;                 // no head: for a config.json without "architectures"

enum class Pooling { cls, mean };  // pooler input: the first token's state, or the mean over the sequence

struct Config {
  const Head* head = &kSequenceClassification;  // never null
  std::int64_t vocab_size = 30522;
  std::int64_t hidden_size = 128;
  std::int64_t num_hidden_layers = 2;
  std::int64_t num_attention_heads = 2;
  std::int64_t intermediate_size = 512;
  std::int64_t max_position_embeddings = 512;
  std::int64_t type_vocab_size = 2;
  std::int64_t pad_token_id = 0;
  engine::Activation hidden_act = engine::Activation::gelu;
  float hidden_dropout_prob = 0.1f;
  float attention_probs_dropout_prob = 0.1f;
  float classifier_dropout = -1;  // negative: the hidden dropout (Hugging Face's null)
  float initializer_range = 0.02f;
  float layer_norm_eps = 1e-12f;
  Pooling pooling = Pooling::cls;        // written as "ingot_pooling" only when mean
  bool pooler = true;                    // false: an encoder without one; written as "ingot_pooler" only when false
  std::vector<std::string> label_names;  // id2label; size = number of labels
  // Names of the encoder's Linear layers that are left out, such as "bert.encoder.layer.0.attention.self.query";
  // optional_linears() in bert/structure.h lists those that can be. Written as "ingot_identities" if there are some.
  std::vector<std::string> identities{};

  std::int64_t head_dim() const { return hidden_size / num_attention_heads; }
  bool has_pooler() const;  // whether the head needs one, or an optional one is there
  std::int64_t n_labels() const { return static_cast<std::int64_t>(label_names.size()); }
  bool operator==(const Config&) const = default;
};

// The most numbers that a model's parameters may have: 8 GB as floats.
inline constexpr std::int64_t kMostParameters = std::int64_t{1} << 31;

// Throws Error naming `subject` if a size is not positive or beyond its limit, all parameters together are more than
// kMostParameters, hidden_size does not divide by the heads, a probability is outside [0, 1), labels repeat, ...
void check(const Config& config, const std::string& subject);

// tiny (2 layers, hidden 128, 2 heads, FFN 512), mini (4, 256, 4, 1024), small (4, 512, 8, 2048), without labels.
// Throws Error for another name.
Config named_config(const std::string& model);

// Reads what changes results and checks it; other keys may be there. The sizes of the layers must be there; what else
// is absent takes Hugging Face's default: no architectures means BertModel, a classifier without labels has two. Throws
// Error on a setting that another model would need (a decoder, relative positions, regression, ...) and on names of
// labels that do not fit each other.
Config read_config(const std::filesystem::path& config_json);

// Writes atomically what read_config reads back as the same Config and Hugging Face transformers loads.
void write_config(const std::filesystem::path& config_json, const Config& config);

}  // namespace ingot::bert
