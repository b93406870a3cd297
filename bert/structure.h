// What a BERT is made of, said once. Names and shapes of a checkpoint, fresh weights, the layers that compression and
// hardware take, the ones a search may leave out: all are read off the parts that describe() in structure.cc lists. A
// new layer is its member in bert/model.h, its line there, and its use in the forward pass.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bert/config.h"

namespace ingot::bert {

enum class Kind {
  table,   // NAME.weight [n_in, n_out]: a row for each id
  linear,  // NAME.weight [n_out, n_in] and NAME.bias [n_out]
  norm,    // NAME.weight and NAME.bias [n_out]
  vector,  // NAME [n_out], a parameter on its own
};

struct Part {
  Kind kind;
  std::string name;  // of Hugging Face, e.g. bert.encoder.layer.0.attention.self.query
  std::int64_t n_in = 0, n_out = 0;
  std::int64_t layer = -1;  // of the encoder; -1: outside

  // Of a Linear.
  std::string role{};  // within its layer: query
  // Where its input comes from. The name of another Linear if the input is that Linear's result after its activation;
  // otherwise a name made up for the input. Linears with the same name here share their input.
  std::string reads{};
  engine::Activation activation = engine::Activation::identity;  // that follows it
  std::string block{};                                           // the Block that it belongs to; "": none
  bool can_be_left_out = false;                                  // square, so that its input can stand for its result
  bool is_left_out = false;                                      // Config::identities says so: it has no parameters
};

// For the rows of heads.
Part linear_part(std::string name, std::int64_t n_in, std::int64_t n_out);
Part norm_part(std::string name, std::int64_t n);
Part vector_part(std::string name, std::int64_t n);

// All parts in the order of the checkpoint: embeddings, layers, pooler, head.
std::vector<Part> parts(const Config& config);

// The Linears of the encoder that can be left out, in order.
std::vector<Part> optional_linears(const Config& config);

// A chain of Linears with nothing but activations between them. It can become hardware as a whole.
struct Block {
  std::string name;  // ffn.0, ffn.1, ..., pooler, classifier; head: the pooler and what reads it
  std::vector<Part> linears;
  std::string reader;  // the Linear that reads the result; "": none
};
std::vector<Block> blocks(const Config& config);

enum class Fresh { normal, zero, one };  // how BERT draws a tensor

struct ParameterSpec {
  std::string name;  // canonical: as BertForSequenceClassification and BertForMaskedLM name it today, e.g.
                     // bert.encoder.layer.0.attention.self.query.weight, classifier.bias, cls.predictions.bias
  std::vector<std::int64_t> shape;
  Fresh fresh = Fresh::normal;
};

// The parameters of a part, with how they are drawn; none if it is left out.
std::vector<ParameterSpec> parameter_specs(const Part& part);

// All parameters of a model in the order of its parts. The masked-LM model has no pooler, the encoder may have one and
// has no head; the decoder of masked LM is the word embedding. Linear layers that are left out have none.
std::vector<ParameterSpec> parameter_specs(const Config& config);

// How many numbers the parameters of a model have. The sizes must be within their limits.
std::int64_t n_parameters(const Config& config);

inline constexpr const char* kWordEmbedding = "bert.embeddings.word_embeddings.weight";
inline constexpr const char* kPooler = "bert.pooler.dense";

}  // namespace ingot::bert
