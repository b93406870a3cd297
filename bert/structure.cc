// The list itself, and what is read off it. describe() is a template because it goes over models that may change, over
// models that may not, and over a skeleton without parameters where only names and shapes are asked for.
#include "bert/structure.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <type_traits>
#include <utility>

#include "bert/head.h"
#include "bert/model.h"

namespace ingot::bert {
namespace {

using engine::Activation;
using engine::Variable;

Part table_part(std::string name, std::int64_t n_ids, std::int64_t n) {
  return {.kind = Kind::table, .name = std::move(name), .n_in = n_ids, .n_out = n};
}

// Calls visit(part, layer) for each part of a model; layer is an Embedding, Linear, LayerNorm or Variable.
template <class ModelType, class Visit>
void describe_layer(ModelType& model, std::int64_t i, const Visit& visit) {
  const Config& c = model.config;
  const std::int64_t hidden = c.hidden_size, inner = c.intermediate_size;
  const std::string prefix = fmt::format("bert.encoder.layer.{}.", i), block = fmt::format("ffn.{}", i);
  const auto linear = [&](const char* name, const char* role, std::int64_t n_in, std::int64_t n_out,
                          const char* reads) {
    Part part = linear_part(prefix + name, n_in, n_out);
    part.role = role;
    part.reads = prefix + reads;
    part.layer = i;
    return part;
  };
  const auto square = [&](const char* name, const char* role, const char* reads) {
    Part part = linear(name, role, hidden, hidden, reads);
    part.can_be_left_out = true;
    return part;
  };
  const auto norm = [&](const char* name) {
    Part part = norm_part(prefix + name, hidden);
    part.layer = i;
    return part;
  };
  auto& layer = model.layers[static_cast<std::size_t>(i)];
  visit(square("attention.self.query", "query", "input"), layer.query);
  visit(square("attention.self.key", "key", "input"), layer.key);
  visit(square("attention.self.value", "value", "input"), layer.value);
  visit(square("attention.output.dense", "attention_output", "context"), layer.attention_output);
  visit(norm("attention.output.LayerNorm"), layer.attention_norm);
  Part first = linear("intermediate.dense", "intermediate", hidden, inner, "attended");
  first.activation = c.hidden_act;
  Part second = linear("output.dense", "output", inner, hidden, "intermediate.dense");
  first.block = second.block = block;
  visit(first, layer.intermediate);
  visit(second, layer.output);
  visit(norm("output.LayerNorm"), layer.output_norm);
}

template <class ModelType, class Visit>
void describe(ModelType& model, const Visit& visit_part) {
  const Config& c = model.config;
  const std::set<std::string_view> left_out(c.identities.begin(), c.identities.end());
  const auto visit = [&](Part part, auto& layer) {
    part.is_left_out = part.can_be_left_out && left_out.contains(part.name);
    visit_part(std::as_const(part), layer);
  };
  const std::int64_t hidden = c.hidden_size;
  auto& e = model.embeddings;
  visit(table_part("bert.embeddings.word_embeddings", c.vocab_size, hidden), e.word);
  visit(table_part("bert.embeddings.position_embeddings", c.max_position_embeddings, hidden), e.position);
  visit(table_part("bert.embeddings.token_type_embeddings", c.type_vocab_size, hidden), e.token_type);
  visit(norm_part("bert.embeddings.LayerNorm", hidden), e.norm);
  for (std::int64_t i = 0; i < c.num_hidden_layers; ++i) describe_layer(model, i, visit);
  if (c.has_pooler()) {
    Part pooler = linear_part(kPooler, hidden, hidden);
    pooler.role = pooler.block = "pooler";
    pooler.reads = "summary";
    pooler.activation = Activation::tanh;
    visit(pooler, model.pooler);
  }
  if (c.head->parts == nullptr) return;
  for (const Part& part : c.head->parts(c)) {
    if (part.kind == Kind::linear) visit(part, model.head.linears.at(part.name));
    if (part.kind == Kind::norm) visit(part, model.head.norms.at(part.name));
    if (part.kind == Kind::vector) visit(part, model.head.vectors.at(part.name));
  }
}

// Calls visit(name, variable) for the parameters of a part, in the order of its specs.
template <class Layer, class Visit>
void visit_parameters(const Part& part, Layer& layer, const Visit& visit) {
  if constexpr (std::is_same_v<std::remove_const_t<Layer>, Variable>) {
    visit(part.name, layer);
  } else {
    if (part.is_left_out) return;
    visit(part.name + ".weight", layer.weight);
    if constexpr (requires { layer.bias; }) visit(part.name + ".bias", layer.bias);
  }
}

template <class Layer>
std::vector<std::pair<std::string, Layer*>> layers_of(Model& model) {
  std::vector<std::pair<std::string, Layer*>> all;
  describe(model, [&](const Part& part, auto& layer) {
    if constexpr (std::is_same_v<decltype(layer), Layer&>) {
      if (!part.is_left_out) all.emplace_back(part.name, &layer);
    }
  });
  return all;
}

}  // namespace

Part linear_part(std::string name, std::int64_t n_in, std::int64_t n_out) {
  return {.kind = Kind::linear, .name = std::move(name), .n_in = n_in, .n_out = n_out};
}

Part norm_part(std::string name, std::int64_t n) { return {.kind = Kind::norm, .name = std::move(name), .n_out = n}; }

Part vector_part(std::string name, std::int64_t n) {
  return {.kind = Kind::vector, .name = std::move(name), .n_out = n};
}

std::vector<Part> parts(const Config& config) {
  std::vector<Part> all;
  const Model skeleton = skeleton_of(config);
  describe(skeleton, [&](const Part& part, const auto&) { all.push_back(part); });
  return all;
}

std::vector<Part> optional_linears(const Config& config) {
  std::vector<Part> all = parts(config);
  std::erase_if(all, [](const Part& part) { return !part.can_be_left_out; });
  return all;
}

std::vector<Block> blocks(const Config& config) {
  const std::vector<Part> all = parts(config);
  std::vector<Block> blocks;
  for (const Part& part : all) {
    if (part.block.empty()) continue;
    if (blocks.empty() || blocks.back().name != part.block) blocks.push_back({.name = part.block});
    blocks.back().linears.push_back(part);
  }
  const auto is_pooler = [](const Block& block) { return block.linears.front().name == kPooler; };
  const auto reads_pooler = [](const Block& block) { return block.linears.front().reads == kPooler; };
  const auto pooler = std::find_if(blocks.begin(), blocks.end(), is_pooler);
  const auto reader = std::find_if(blocks.begin(), blocks.end(), reads_pooler);
  if (pooler != blocks.end() && reader != blocks.end()) {
    Block both{.name = "head", .linears = pooler->linears};
    both.linears.insert(both.linears.end(), reader->linears.begin(), reader->linears.end());
    blocks.push_back(std::move(both));
  }
  for (Block& block : blocks) {
    const auto reads_last = [&](const Part& part) { return part.reads == block.linears.back().name; };
    const auto found = std::find_if(all.begin(), all.end(), reads_last);
    if (found != all.end()) block.reader = found->name;
  }
  return blocks;
}

std::vector<ParameterSpec> parameter_specs(const Part& part) {
  switch (part.kind) {
    case Kind::table:
      return {{part.name + ".weight", {part.n_in, part.n_out}, Fresh::normal}};
    case Kind::linear:
      if (part.is_left_out) return {};
      return {{part.name + ".weight", {part.n_out, part.n_in}, Fresh::normal},
              {part.name + ".bias", {part.n_out}, Fresh::zero}};
    case Kind::norm:
      return {{part.name + ".weight", {part.n_out}, Fresh::one}, {part.name + ".bias", {part.n_out}, Fresh::zero}};
    case Kind::vector:
      return {{part.name, {part.n_out}, Fresh::zero}};
  }
  return {};
}

std::vector<ParameterSpec> parameter_specs(const Config& config) {
  std::vector<ParameterSpec> specs;
  for (const Part& part : parts(config)) {
    for (ParameterSpec& spec : parameter_specs(part)) specs.push_back(std::move(spec));
  }
  return specs;
}

// No product overflows: the limits of the sizes keep the sum below 2^47.
std::int64_t n_parameters(const Config& config) {
  std::int64_t n = 0;
  for (const ParameterSpec& spec : parameter_specs(config)) {
    std::int64_t size = 1;
    for (const std::int64_t side : spec.shape) size *= side;
    n += size;
  }
  return n;
}

Model skeleton_of(const Config& config) {
  Model model{.config = config};
  model.embeddings.dropout = config.hidden_dropout_prob;
  model.embeddings.norm.eps = config.layer_norm_eps;
  model.layers.resize(static_cast<std::size_t>(config.num_hidden_layers));
  for (EncoderLayer& layer : model.layers) {
    layer.n_heads = config.num_attention_heads;
    layer.activation = config.hidden_act;
    layer.attention_norm.eps = layer.output_norm.eps = config.layer_norm_eps;
    layer.attention_dropout = config.attention_probs_dropout_prob;
    layer.hidden_dropout = config.hidden_dropout_prob;
  }
  if (config.head->parts == nullptr) return model;
  for (const Part& part : config.head->parts(config)) {
    if (part.kind == Kind::linear) model.head.linears[part.name] = {};
    if (part.kind == Kind::norm) model.head.norms[part.name] = {.eps = config.layer_norm_eps};
    if (part.kind == Kind::vector) model.head.vectors[part.name] = {};
  }
  return model;
}

Model model_of(const Config& config, const std::map<std::string, engine::Tensor>& tensors) {
  Model model = skeleton_of(config);
  describe(model, [&](const Part& part, auto& layer) {
    visit_parameters(part, layer, [&](const std::string& name, Variable& v) { v = Variable(tensors.at(name), true); });
  });
  return model;
}

std::vector<engine::Parameter> Model::parameters() const {
  std::vector<engine::Parameter> all;
  describe(*this, [&](const Part& part, const auto& layer) {
    visit_parameters(part, layer, [&](const std::string& name, const Variable& v) { all.push_back({name, v}); });
  });
  return all;
}

void Model::set_sums(engine::Sums how) {
  sums = how;
  for (const auto& [name, linear] : linears()) linear->sums = how;
}

std::vector<std::pair<std::string, engine::Linear*>> Model::linears() { return layers_of<engine::Linear>(*this); }

std::vector<std::pair<std::string, engine::LayerNorm*>> Model::norms() { return layers_of<engine::LayerNorm>(*this); }

std::vector<std::pair<std::string, engine::Embedding*>> Model::tables() { return layers_of<engine::Embedding>(*this); }

}  // namespace ingot::bert
