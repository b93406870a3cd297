#include "compress/onnx/heads.h"

#include <algorithm>
#include <string_view>

#include "bert/head.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::Activation;
using Rows = bert::Head::Rows;
using Value = OnnxGraph::Value;

struct Place {
  OnnxGraph& graph;
  OnnxLayers& layers;
  const bert::Model& model;
  const OnnxTensors& tensors;
};

// The first token of each text, or the mean of its tokens: [batch, hidden].
Value summary(const Place& at) {
  OnnxGraph& graph = at.graph;
  if (at.model.config.pooling == bert::Pooling::cls) {
    const std::int64_t starts[] = {0}, ends[] = {1}, axes[] = {1};
    const Value axis = graph.int64s("pooling.axis", axes);
    const Value first =
        graph.add("Slice", "pooling.first",
                  {at.tensors.hidden, graph.int64s("pooling.start", starts), graph.int64s("pooling.end", ends), axis});
    return graph.add("Squeeze", "pooling.cls", {first, axis});
  }
  const std::int64_t texts[] = {1}, columns[] = {-1};
  const Value mask =
      graph.add("Unsqueeze", "pooling.mask", {at.tensors.mask, graph.int64s("pooling.columns", columns)});
  const Value seen = graph.add("Mul", "pooling.seen", {at.tensors.hidden, mask});
  const Value axis = graph.int64s("pooling.axis", texts);
  const Value sum = graph.add("ReduceSum", "pooling.sum", {seen, axis}, {{"keepdims", std::int64_t{0}}});
  const Value n = graph.add("ReduceSum", "pooling.n", {mask, axis}, {{"keepdims", std::int64_t{0}}});
  return graph.add("Div", "pooling.mean", {sum, n});
}

Value pooled(const Place& at) {
  return at.layers.linear(bert::kPooler, at.model.pooler, summary(at), Activation::tanh);
}

std::string text_head(const Place& at) {
  const Value logits = at.layers.linear("classifier", at.model.head.linears.at("classifier"), pooled(at));
  at.graph.output(logits, "logits", {"batch", at.model.config.n_labels()});
  return "logits";
}

std::string token_head(const Place& at) {
  const Value logits = at.layers.linear("classifier", at.model.head.linears.at("classifier"), at.tensors.hidden);
  at.graph.output(logits, "logits", {"batch", "sequence", at.model.config.n_labels()});
  return "logits";
}

// A vector of zeros stays one, as in ingot.
std::string embedding_head(const Place& at) {
  OnnxGraph& graph = at.graph;
  const Value vectors = summary(at);
  const Value length = graph.add("ReduceL2", "embeddings.length", {vectors},
                                 {{"axes", std::vector<std::int64_t>{-1}}, {"keepdims", std::int64_t{1}}});
  const Value above_zero = graph.add("Max", "embeddings.above_zero", {length, graph.scalar(1e-30f)});
  graph.output(graph.add("Div", "embeddings.of_length_1", {vectors, above_zero}), "embeddings",
               {"batch", at.model.config.hidden_size});
  return "embeddings";
}

std::string encoder_outputs(const Place& at) {
  const std::int64_t hidden = at.model.config.hidden_size;
  at.graph.output(at.tensors.hidden, "last_hidden_state", {"batch", "sequence", hidden});
  if (at.model.config.has_pooler()) at.graph.output(pooled(at), "pooler_output", {"batch", hidden});
  return "last_hidden_state";
}

// Heads by the class of their checkpoints and by what their outputs belong to, which is all that differs here: the
// tasks of one class compute the same logits.
struct Row {
  std::string_view architecture;
  Rows rows;
  std::string (*build)(const Place& at);
};

constexpr Row kRows[] = {{"BertForSequenceClassification", Rows::texts, text_head},
                         {"BertForTokenClassification", Rows::tokens, token_head},
                         {"BertModel", Rows::texts, embedding_head},
                         {"BertModel", Rows::none, encoder_outputs}};

}  // namespace

std::string add_onnx_head(OnnxGraph& graph, OnnxLayers& layers, const bert::Model& model, const OnnxTensors& tensors) {
  const bert::Head& head = *model.config.head;
  const std::string_view architecture = bert::architecture(head);
  const Row* row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& candidate) {
    return candidate.architecture == architecture && candidate.rows == head.rows;
  });
  engine::require(row != std::end(kRows), "onnx: the head of {} cannot be written yet", architecture);
  return row->build({graph, layers, model, tensors});
}

}  // namespace ingot::compress
