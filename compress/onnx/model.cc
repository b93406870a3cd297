#include "compress/onnx/model.h"

#include <fmt/format.h>

#include <cmath>

#include "bert/head.h"
#include "compress/encoder_formats.h"
#include "compress/onnx/heads.h"
#include "compress/onnx/layers.h"

namespace ingot::compress {
namespace {

using Value = OnnxGraph::Value;

constexpr std::int64_t kFloat = 1;  // as Cast calls it

struct Inputs {
  Value ids, mask, token_types;
};

Inputs inputs(OnnxGraph& graph) {
  const OnnxGraph::Dims dims{"batch", "sequence"};
  const auto input = [&](const char* name) { return graph.input(name, OnnxGraph::Type::int64, dims); };
  const Value ids = input("input_ids"), mask = input("attention_mask");
  return {ids, mask, input("token_type_ids")};
}

// Positions count from 0 in each text: padding is behind it.
Value embeddings(OnnxGraph& graph, OnnxLayers& layers, const bert::Embeddings& of, const Inputs& in) {
  const std::string at = "bert.embeddings.";
  const auto gather = [&](const Value& ids) {
    return [&graph, ids](const Value& table, const std::string& name) {
      return graph.add("Gather", name + ".Gather", {table, ids});
    };
  };
  const Value words = layers.rows(at + "word_embeddings", of.word, gather(in.ids));
  const Value types = layers.rows(at + "token_type_embeddings", of.token_type, gather(in.token_types));
  const Value length = graph.add("Shape", "sequence.length", {in.ids}, {{"start", std::int64_t{1}}});
  const std::int64_t zero[] = {0};
  const Value start = graph.int64s("sequence.start", zero);
  const Value positions =
      layers.rows(at + "position_embeddings", of.position, [&](const Value& table, const std::string& name) {
        return graph.add("Slice", name + ".Slice", {table, start, length, start});
      });
  const Value placed = graph.add("Add", at + "positions.Add", {words, positions});
  return layers.norm(at + "LayerNorm", of.norm, graph.add("Add", at + "token_types.Add", {placed, types}));
}

// 0 where a token is seen, the lowest number where it is hidden, to be added to scores: [batch, 1, 1, sequence].
Value score_mask(OnnxGraph& graph, const Value& mask) {
  const std::int64_t axes[] = {1, 2};
  const Value wide = graph.add("Unsqueeze", "mask.Unsqueeze", {mask, graph.int64s("mask.axes", axes)});
  const Value hidden = graph.add("Sub", "mask.hidden", {graph.scalar(1), wide});
  return graph.add("Mul", "mask.scores", {hidden, graph.scalar(std::numeric_limits<float>::lowest())});
}

// What all layers of the encoder share.
struct Shared {
  OnnxGraph& graph;
  OnnxLayers& layers;
  Value scores;  // of score_mask
  Value heads;   // shapes of a tensor by head, and of one whose heads are joined; 0: as it was
  Value joined;
};

Value attention(const Shared& s, const std::string& at, const bert::EncoderLayer& layer, const Value& hidden,
                std::int64_t head_dim) {
  OnnxGraph& graph = s.graph;
  const auto by_head = [&](const char* name, const engine::Linear& linear, std::vector<std::int64_t> order) {
    const Value rows = s.layers.linear(at + "self." + name, linear, hidden);
    const Value parted = graph.add("Reshape", at + "self." + name + ".Reshape", {rows, s.heads});
    return graph.add("Transpose", at + "self." + name + ".Transpose", {parted}, {{"perm", std::move(order)}});
  };
  const Value query = by_head("query", layer.query, {0, 2, 1, 3});
  const Value key = by_head("key", layer.key, {0, 2, 3, 1});
  const Value value = by_head("value", layer.value, {0, 2, 1, 3});
  const Value products = graph.add("MatMul", at + "self.scores.MatMul", {query, key});
  const Value divisor = graph.scalar(std::sqrt(static_cast<float>(head_dim)));
  const Value scaled = graph.add("Div", at + "self.scores.Div", {products, divisor});
  const Value seen = graph.add("Add", at + "self.scores.Add", {scaled, s.scores});
  const Value shares = graph.add("Softmax", at + "self.Softmax", {seen}, {{"axis", std::int64_t{-1}}});
  const Value mixed = graph.add("MatMul", at + "self.context.MatMul", {shares, value});
  const Value turned =
      graph.add("Transpose", at + "self.context.Transpose", {mixed}, {{"perm", std::vector<std::int64_t>{0, 2, 1, 3}}});
  const Value context = graph.add("Reshape", at + "self.context.Reshape", {turned, s.joined});
  return s.layers.linear(at + "output.dense", layer.attention_output, context);
}

Value encoder_layer(const Shared& s, const std::string& at, const bert::EncoderLayer& layer, const Value& hidden,
                    std::int64_t head_dim) {
  const Value context = attention(s, at + "attention.", layer, hidden, head_dim);
  const Value around = s.graph.add("Add", at + "attention.output.residual", {context, hidden});
  const Value attended = s.layers.norm(at + "attention.output.LayerNorm", layer.attention_norm, around);
  const Value inner = s.layers.linear(at + "intermediate.dense", layer.intermediate, attended, layer.activation);
  const Value outer = s.layers.linear(at + "output.dense", layer.output, inner);
  return s.layers.norm(at + "output.LayerNorm", layer.output_norm,
                       s.graph.add("Add", at + "output.residual", {outer, attended}));
}

Value encoder(OnnxGraph& graph, OnnxLayers& layers, const bert::Model& model, const Inputs& in, const Value& mask) {
  const bert::Config& config = model.config;
  const std::int64_t heads[] = {0, 0, config.num_attention_heads, config.head_dim()};
  const std::int64_t joined[] = {0, 0, config.hidden_size};
  Value hidden = embeddings(graph, layers, model.embeddings, in);
  const Shared shared{graph, layers, score_mask(graph, mask), graph.int64s("shape.heads", heads),
                      graph.int64s("shape.joined", joined)};
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    hidden =
        encoder_layer(shared, fmt::format("bert.encoder.layer.{}.", i), model.layers[i], hidden, config.head_dim());
  }
  return hidden;
}

}  // namespace

OnnxModel to_onnx(const bert::Model& model, const Compression& compression, std::string_view producer_version,
                  std::int64_t most_bytes) {
  const engine::NoGradient off;
  const bert::Config& config = model.config;
  OnnxGraph graph(producer_version, most_bytes);
  for (const auto& [name, layer] : compression)
    engine::require(!is_encoder_format(name), "--onnx: {} has formats, which the export to ONNX cannot express", name);
  OnnxLayers layers(graph, compression);
  const Inputs in = inputs(graph);
  const Value mask = graph.add("Cast", "mask.Cast", {in.mask}, {{"to", kFloat}});
  const Value hidden = encoder(graph, layers, model, in, mask);
  OnnxModel written{.output = add_onnx_head(graph, layers, model, {.hidden = hidden, .mask = mask})};
  graph.describe(fmt::format("{} of {} layers, hidden size {}, of at most {} tokens. Written by ingot.",
                             bert::architecture(*config.head), config.num_hidden_layers, config.hidden_size,
                             config.max_position_embeddings));
  if (config.n_labels() > 0) {
    engine::Json labels = engine::Json::object();
    for (std::size_t i = 0; i < config.label_names.size(); ++i) labels[std::to_string(i)] = config.label_names[i];
    graph.metadata("id2label", labels.dump());
  }
  if (!config.head->task.empty()) graph.metadata("ingot_task", std::string(config.head->task));
  written.bytes = graph.bytes();
  written.notes = layers.notes();
  written.n_nodes = graph.n_nodes();
  return written;
}

}  // namespace ingot::compress
