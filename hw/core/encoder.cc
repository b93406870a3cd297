#include "hw/core/encoder.h"

#include <algorithm>

#include "compress/integer/ops/attention.h"
#include "compress/integer/ops/embedding.h"
#include "engine/base/error.h"

namespace ingot::hw {
namespace {

using engine::require;

// Finds nodes by the edges that they read.
class Finder {
 public:
  explicit Finder(const Graph& graph) : graph_(graph) {}

  std::vector<Layer> readers(std::size_t edge) const {
    std::vector<Layer> found;
    for (const Layer& layer : layers(graph_)) {
      const std::vector<std::size_t>& inputs = layer.node().inputs;
      if (std::find(inputs.begin(), inputs.end(), edge) != inputs.end()) found.push_back(layer);
    }
    return found;
  }

  // The only reader of an edge of that kind.
  std::optional<Layer> reader(std::size_t edge, std::string_view kind) const {
    std::optional<Layer> found;
    for (const Layer& layer : readers(edge)) {
      if (layer.kind().name != kind) continue;
      require(!found, "{}: two nodes of kind {} read what {} gives; a core computes one", graph_.name, kind,
              giver(edge));
      found = layer;
    }
    return found;
  }

  Layer needed(std::size_t edge, std::string_view kind) const {
    const std::optional<Layer> found = reader(edge, kind);
    require(found.has_value(), "{}: no {} reads what {} gives; a core computes the encoder of a BERT", graph_.name,
            kind, giver(edge));
    return *found;
  }

  std::optional<Layer> maker(std::size_t edge) const {
    for (const Layer& layer : layers(graph_)) {
      if (layer.node().outputs.front() == edge) return layer;
    }
    return {};
  }

  const Graph& graph() const { return graph_; }

 private:
  std::string giver(std::size_t edge) const {
    const std::optional<Layer> layer = maker(edge);
    return layer ? layer->name() : "the input";
  }

  const Graph& graph_;
};

std::size_t edge_of(const Layer& layer) { return layer.node().outputs.front(); }

// A function of one code: whatever takes and gives one edge of the same size, row by row.
bool is_function(const Layer& layer) {
  const std::string_view kind = layer.kind().name;
  return layer.n_inputs() == 1 && layer.n_outputs() == 1 && layer.n_in() == layer.n_out() && kind != "linear" &&
         kind != "layer_norm" && layer.kind().scope == compress::Scope::row && !layer.kind().draws;
}

EncoderLinear with_activation(const Finder& find, const Layer& linear) {
  EncoderLinear made{.linear = linear, .activation = {}};
  const std::vector<Layer> readers = find.readers(edge_of(linear));
  if (readers.size() == 1 && is_function(readers.front())) made.activation = readers.front();
  return made;
}

std::size_t edge_of(const EncoderLinear& linear) {
  return edge_of(linear.activation ? *linear.activation : linear.linear);
}

// The layer norm of the sum of what `linear` gives and the row `residual`.
EncoderNorm norm_after(const Finder& find, const EncoderLinear& linear, std::size_t residual) {
  const Layer add = find.needed(edge_of(linear), "add");
  const std::vector<std::size_t>& inputs = add.node().inputs;
  const std::size_t at = inputs[0] == edge_of(linear) ? 0 : 1;
  require(inputs[1 - at] == residual, "{}: must add the row that the part began with", add.name());
  return {.add = add,
          .norm = find.needed(edge_of(add), "layer_norm"),
          .left_result = add.output().frac_bits - add.in(at).format.frac_bits,
          .left_residual = add.output().frac_bits - add.in(1 - at).format.frac_bits};
}

EncoderLinear projection(const Finder& find, std::size_t edge, std::size_t x) {
  const std::optional<Layer> linear = find.maker(edge);
  require(linear && linear->kind().name == "linear" && linear->node().inputs.front() == x,
          "{}: queries, keys and values must be Linears of the row", find.graph().name);
  return {.linear = *linear, .activation = {}};
}

// The layer that reads the rows x; none if no attention reads its Linears.
std::optional<EncoderLayer> layer_of(const Finder& find, std::size_t x) {
  std::optional<Layer> attention;
  for (const Layer& reader : find.readers(x)) {
    if (reader.kind().name == "linear" && !attention) attention = find.reader(edge_of(reader), "attention");
  }
  if (!attention) return {};
  const std::vector<std::size_t>& inputs = attention->node().inputs;
  const EncoderLinear query = projection(find, inputs[0], x), key = projection(find, inputs[1], x),
                      value = projection(find, inputs[2], x);
  const EncoderLinear context{.linear = find.needed(edge_of(*attention), "linear"), .activation = {}};
  const EncoderNorm attended = norm_after(find, context, x);
  const EncoderLinear inner = with_activation(find, find.needed(edge_of(attended.norm), "linear"));
  const EncoderLinear output{.linear = find.needed(edge_of(inner), "linear"), .activation = {}};
  return EncoderLayer{query,      key,     value,
                      *attention, context, attended,
                      inner,      output,  norm_after(find, output, edge_of(attended.norm))};
}

}  // namespace

Encoder encoder_of(const Graph& graph) {
  const Finder find(graph);
  require(graph.inputs.size() == 1 || graph.inputs.size() == 2,
          "{}: a core reads ids and types of tokens, or rows; this graph has {} inputs", graph.name,
          graph.inputs.size());
  Encoder encoder;
  std::size_t x = graph.inputs[0];
  if (graph.inputs.size() == 2) {
    encoder.embedding = find.needed(x, "embedding");
    encoder.embedding_norm = {.add = {}, .norm = find.needed(edge_of(*encoder.embedding), "layer_norm")};
    x = edge_of(encoder.embedding_norm->norm);
  }
  encoder.rows = graph.edges[x];
  while (std::optional<EncoderLayer> layer = layer_of(find, x)) {
    x = edge_of(layer->output_norm.norm);
    encoder.layers.push_back(std::move(*layer));
  }
  require(!encoder.layers.empty(), "{}: has no layer of attention; a core computes the encoder of a BERT", graph.name);
  if (encoder.takes_rows()) {
    require(graph.outputs.size() == 1 && graph.outputs.front() == x,
            "{}: a core that reads rows must give those of its last layer", graph.name);
    return encoder;
  }
  for (const char* kind : {"mean", "first"}) {
    if (!encoder.summary) encoder.summary = find.reader(x, kind);
  }
  if (encoder.summary) x = edge_of(*encoder.summary);
  while (const std::optional<Layer> linear = find.reader(x, "linear")) {
    encoder.head.push_back(with_activation(find, *linear));
    x = edge_of(encoder.head.back());
  }
  require(graph.outputs.size() == 1 && graph.outputs.front() == x,
          "{}: what a core gives must be the last Linear of its head, or the summary", graph.name);
  require(encoder.summary || encoder.head.size() == 1, "{}: an answer for each row needs a head of one Linear",
          graph.name);
  return encoder;
}

std::int64_t Encoder::heads() const { return layers.front().attention.as<compress::Attention>()->n_heads; }

std::int64_t Encoder::longest() const {
  std::int64_t longest = embedding ? embedding->as<compress::EmbeddingSum>()->position.n
                                   : layers.front().attention.as<compress::Attention>()->longest;
  for (const EncoderLayer& layer : layers)
    longest = std::min(longest, layer.attention.as<compress::Attention>()->longest);
  return longest;
}

std::int64_t Encoder::n_answers() const { return head.empty() ? hidden() : head.back().linear.n_out(); }

std::vector<const EncoderNorm*> Encoder::norms() const {
  std::vector<const EncoderNorm*> all;
  if (embedding_norm) all.push_back(&*embedding_norm);
  for (const EncoderLayer& layer : layers) all.insert(all.end(), {&layer.attention_norm, &layer.output_norm});
  return all;
}

std::vector<const EncoderLinear*> Encoder::linears() const {
  std::vector<const EncoderLinear*> all;
  for (const EncoderLayer& layer : layers)
    all.insert(all.end(),
               {&layer.key, &layer.value, &layer.query, &layer.attention_output, &layer.intermediate, &layer.output});
  for (const EncoderLinear& linear : head) all.push_back(&linear);
  return all;
}

}  // namespace ingot::hw
