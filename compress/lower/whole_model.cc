// Walks through the encoder as bert/encoder.cc does, and adds the nodes that each step becomes.
#include "compress/lower/whole_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "bert/head.h"
#include "bert/structure.h"
#include "compress/encoder_formats.h"
#include "compress/encoder_functions.h"
#include "compress/encoder_nodes.h"
#include "compress/integer/ops/embedding.h"
#include "compress/integer/ops/linear.h"
#include "compress/lower/linear_nodes.h"
#include "compress/lower/program.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::require;

constexpr const char* kAdvice = "`ingot quantize DIR --integer-only` makes all of it integers";
constexpr engine::Rounding kEven = engine::Rounding::nearest_even;

// Bits of the numbers below n.
int width_of(std::int64_t n) { return std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(n - 1, 1))); }

std::vector<Gap> gaps_of(const EncoderFormats& formats, const IntegerProgram& program) {
  std::vector<Gap> gaps = formats.gaps;
  for (const FloatLinear& left : program.left) gaps.push_back({left.name, left.reason});
  return gaps;
}

class Builder {
 public:
  Builder(bert::Model& model, const Compression& compression)
      : model_(model),
        compression_(compression),
        program_(lower(model, compression)),
        formats_(encoder_formats(model.config, compression)) {
    check_complete();
  }

  Graph build() {
    std::size_t hidden = embeddings();
    for (std::int64_t i = 0; i < model_.config.num_hidden_layers; ++i) hidden = layer(i, hidden);
    graph_.outputs = {head(hidden)};
    check(graph_);
    return std::move(graph_);
  }

  Graph build_layers(std::int64_t first, std::int64_t n) {
    const std::string before = first == 0 ? "bert.embeddings" : fmt::format("bert.encoder.layer.{}.output", first - 1);
    std::size_t hidden =
        add_input(graph_, {formats_.norms.at(before + ".LayerNorm").output, model_.config.hidden_size});
    for (std::int64_t i = first; i < first + n; ++i) hidden = layer(i, hidden);
    graph_.name = "encoder";
    graph_.outputs = {hidden};
    check(graph_);
    return std::move(graph_);
  }

 private:
  void check_complete() const {
    const bert::Config& config = model_.config;
    require(config.identities.empty(), "{}: is left out; integers of a whole model need every layer",
            config.identities.empty() ? "" : config.identities.front());
    require(config.head->rows != bert::Head::Rows::none, "model: has no head whose outputs could be integers");
    const std::vector<Gap> gaps = gaps_of(formats_, program_);
    if (gaps.empty()) return;
    const std::string others = gaps.size() == 1 ? "" : fmt::format(" (and {} other tensors)", gaps.size() - 1);
    engine::fail("{}: is not in integers: {}{}; {}", gaps.front().name, gaps.front().reason, others, kAdvice);
  }

  std::size_t add(Node node, const std::vector<std::size_t>& inputs, const FixedPoint& format, std::int64_t size) {
    return add_node(graph_, std::move(node), inputs, {{format, size}});
  }

  const Edge& edge(std::size_t i) const { return graph_.edges[i]; }

  EmbeddingRows rows(const std::string& table, const engine::Embedding& embedding, int sum_frac_bits) const {
    const Quantizer& how = *compression_.at(table)[Role::weight];
    const FixedPoint format = *as_fixed(how.format);
    const engine::NoGradient off;
    const engine::Tensor values = embedding.table().value();
    const auto n = static_cast<std::size_t>(values.n_rows()), size = static_cast<std::size_t>(values.columns());
    EmbeddingRows rows{.n = values.n_rows(), .width = format.width};
    for (std::size_t r = 0; r < n; ++r) {
      const int bits = how.channel_frac_bits.empty() ? format.frac_bits : how.channel_frac_bits[r];
      rows.shifts.push_back(sum_frac_bits - bits);
      for (std::size_t i = r * size; i < (r + 1) * size; ++i)
        rows.codes.push_back(
            static_cast<std::int32_t>(engine::fixed_code(values.data()[i], bits, *format.rounding, format.codes())));
    }
    const bool has_zero = std::find(rows.codes.begin(), rows.codes.end(), 0) != rows.codes.end();
    if (format.set == CodeSet::binary && has_zero) rows.width = 2;  // pruned
    return rows;
  }

  std::size_t embeddings() {
    const bert::Config& config = model_.config;
    const std::size_t ids = add_input(graph_, {{width_of(config.vocab_size), 0, false, kEven}, 1}),
                      types = add_input(graph_, {{width_of(config.type_vocab_size), 0, false, kEven}, 1});
    const int bits = formats_.norms.at("bert.embeddings.LayerNorm").sum_frac_bits;
    const std::string prefix = "bert.embeddings.";
    EmbeddingSum sum{rows(prefix + "word_embeddings", model_.embeddings.word, bits),
                     rows(prefix + "position_embeddings", model_.embeddings.position, bits),
                     rows(prefix + "token_type_embeddings", model_.embeddings.token_type, bits)};
    const std::int64_t bound = sum_bound(sum, config.hidden_size);
    Node node{.name = "embeddings", .kind = &operation("embedding"), .data = std::move(sum)};
    const std::size_t x =
        add(std::move(node), {ids, types}, {signed_bits(bound), bits, true, kEven}, config.hidden_size);
    return norm("embeddings_norm", "bert.embeddings.LayerNorm", model_.embeddings.norm, x);
  }

  std::size_t norm(const std::string& name, const std::string& layer, const engine::LayerNorm& parameters,
                   std::size_t sum) {
    const NormFormats& formats = formats_.norms.at(layer);
    return add(
        norm_node(name, formats, parameters.weight.value().span(), parameters.bias.value().span(), parameters.eps),
        {sum}, formats.output, model_.config.hidden_size);
  }

  std::size_t sum_and_norm(const std::string& name, const std::string& layer, const engine::LayerNorm& parameters,
                           std::size_t x, std::size_t residual) {
    const FixedPoint format = sum_format(formats_.norms.at(layer));
    const std::size_t sum =
        add({.name = name + "_sum", .kind = &operation("add")}, {x, residual}, format, model_.config.hidden_size);
    return norm(name, layer, parameters, sum);
  }

  // The Linear of that name, which can read the edge as it is.
  const IntegerLinear& reader(const std::string& layer, std::size_t x) const {
    const IntegerLinear& found = find_linear(program_, layer);
    require(same_codes(edge(x).format, found.input), "{}: reads {}, and what is before it gives {}", layer,
            to_string(found.input), to_string(edge(x).format));
    return found;
  }

  std::size_t linear(const std::string& node, const std::string& layer, std::size_t x) {
    const IntegerLinear& found = reader(layer, x);
    return add(linear_node(found, node), {x}, whole_output(found), found.linear.n);
  }

  std::size_t activation(const std::string& node, engine::Activation function, const std::string& subject,
                         const std::string& reader, std::size_t x) {
    const FixedPoint output = find_linear(program_, reader).input;
    Node made = activation_node(function, edge(x).format, output, subject);
    made.name = node;
    return add(std::move(made), {x}, output, edge(x).size);
  }

  std::size_t layer(std::int64_t i, std::size_t hidden) {
    const bert::EncoderLayer& parameters = model_.layers[static_cast<std::size_t>(i)];
    const std::string prefix = fmt::format("bert.encoder.layer.{}.", i), self = prefix + "attention.self.",
                      dense = prefix + "attention.output.dense", node = fmt::format("layer_{}_", i);
    const std::size_t query = linear(node + "query", self + "query", hidden),
                      key = linear(node + "key", self + "key", hidden),
                      value = linear(node + "value", self + "value", hidden);
    const AttentionFormats& formats = formats_.attention.at(softmax_name(i));
    const std::size_t context = add(attention_node(node + "attention", formats, parameters.n_heads,
                                                   model_.config.hidden_size, model_.config.max_position_embeddings),
                                    {query, key, value}, formats.output, model_.config.hidden_size);
    const std::size_t attended =
        sum_and_norm(node + "attention_norm", prefix + "attention.output.LayerNorm", parameters.attention_norm,
                     linear(node + "attention_output", dense, context), hidden);
    const std::string first = prefix + "intermediate.dense", second = prefix + "output.dense";
    const std::size_t inner = activation(node + "activation", parameters.activation, first, second,
                                         linear(node + "intermediate", first, attended));
    return sum_and_norm(node + "output_norm", prefix + "output.LayerNorm", parameters.output_norm,
                        linear(node + "output", second, inner), attended);
  }

  std::size_t head(std::size_t hidden) {
    const bert::Config& config = model_.config;
    std::size_t x = hidden;
    if (answers_with_summary(config) || config.has_pooler())
      x = add(summary_node("summary", config.pooling), {x}, formats_.summary->output, config.hidden_size);
    if (answers_with_summary(config)) return x;
    if (config.has_pooler()) x = linear("pooler", bert::kPooler, x);
    const std::vector<bert::Part> parts =
        config.head->parts == nullptr ? std::vector<bert::Part>() : config.head->parts(config);
    require(parts.size() == 1 && parts[0].kind == bert::Kind::linear,
            "model: the head of a {} has no integer form; those that `ingot train` teaches have one",
            bert::architecture(*config.head));
    if (config.has_pooler())
      x = activation("pooler_activation", engine::Activation::tanh, bert::kPooler, parts[0].name, x);
    return outputs(parts[0].name, x);
  }

  // Exact sums in the finest unit of their channels.
  std::size_t outputs(const std::string& layer, std::size_t x) {
    const IntegerLinear& found = reader(layer, x);
    Node node = linear_node(found, "outputs");
    const std::vector<int>& bits = found.linear.weight_frac_bits;
    const auto [least, most] = std::minmax_element(bits.begin(), bits.end());
    const double bound = std::ldexp(static_cast<double>(sum_bound(*node.as<Linear>(), found.input)), *most - *least);
    require(bound < 0x1p31, "{}: its outputs could need more than 32 bits: sums reach {}", layer, bound);
    return add(std::move(node), {x}, {32, found.input.frac_bits + *most, true, kEven}, found.linear.n);
  }

  bert::Model& model_;
  const Compression& compression_;
  IntegerProgram program_;
  EncoderFormats formats_;
  Graph graph_{.name = "model"};
};

}  // namespace

bool is_all_integers(bert::Model& model, const Compression& compression) {
  return has_integer_encoder(model) && model.config.identities.empty() &&
         model.config.head->rows != bert::Head::Rows::none &&
         gaps_of(encoder_formats(model.config, compression), lower(model, compression)).empty();
}

Graph lower_model(bert::Model& model, const Compression& compression) { return Builder(model, compression).build(); }

Graph lower_layers(bert::Model& model, const Compression& compression, std::int64_t first, std::int64_t n) {
  const std::int64_t last = model.config.num_hidden_layers - 1;
  require(first >= 0 && n >= 1 && first + n - 1 <= last, "model: has layers 0 to {}, got {} to {}", last, first,
          first + n - 1);
  return Builder(model, compression).build_layers(first, n);
}

WholeModel::WholeModel(const bert::Model& model, const Compression& compression) {
  bert::Model copy = model;
  graph_ = std::make_unique<Graph>(lower_model(copy, compression));
  runner_ = std::make_unique<FusedRunner>(*graph_);
}

namespace {

std::vector<Codes> inputs_of(const bert::Input& input) {
  for (std::size_t t = 0; t + 1 < input.sequences->offsets.size(); ++t) {
    for (std::int32_t i = input.sequences->offsets[t]; i < input.sequences->offsets[t + 1]; ++i)
      require(input.positions[static_cast<std::size_t>(i)] == i - input.sequences->offsets[t],
              "integers: a token's position must be its place in its text");
  }
  return {input.ids, input.token_types};
}

}  // namespace

std::vector<Codes> WholeModel::edges(const bert::Input& input) {
  return GraphRunner(*graph_).edges(inputs_of(input), input.sequences->offsets);
}

engine::Tensor WholeModel::outputs(const bert::Input& input) {
  const Codes codes = runner_->run(inputs_of(input), input.sequences->offsets).front();
  const Edge& edge = graph_->edges[graph_->outputs.front()];
  engine::Tensor y = engine::Tensor::empty({static_cast<std::int64_t>(codes.size()) / edge.size, edge.size});
  for (std::size_t i = 0; i < codes.size(); ++i) y.data()[i] = engine::fixed_value(codes[i], edge.format.frac_bits);
  return y;
}

}  // namespace ingot::compress
