// Building a model: names, fresh weights, checkpoints.
#include "bert/model.h"

#include <algorithm>
#include <map>

#include "bert/checkpoint.h"
#include "engine/base/error.h"
#include "engine/base/memory.h"

namespace ingot::bert {

using engine::Parameter;
using engine::Tensor;
using engine::Variable;

namespace {

// Calls visit(name, variable) for every parameter, in the order of parameter_specs.
template <class ModelType, class Visit>
void for_each_parameter(ModelType& model, const Visit& visit) {
  const auto linear = [&](const std::string& name, auto& layer) {
    if (model.config.is_identity(name)) return;
    visit(name + ".weight", layer.weight);
    visit(name + ".bias", layer.bias);
  };
  auto& e = model.embeddings;
  visit("bert.embeddings.word_embeddings.weight", e.word.weight);
  visit("bert.embeddings.position_embeddings.weight", e.position.weight);
  visit("bert.embeddings.token_type_embeddings.weight", e.token_type.weight);
  linear("bert.embeddings.LayerNorm", e.norm);
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    auto& layer = model.layers[i];
    const std::string prefix = fmt::format("bert.encoder.layer.{}.", i);
    linear(prefix + "attention.self.query", layer.query);
    linear(prefix + "attention.self.key", layer.key);
    linear(prefix + "attention.self.value", layer.value);
    linear(prefix + "attention.output.dense", layer.attention_output);
    linear(prefix + "attention.output.LayerNorm", layer.attention_norm);
    linear(prefix + "intermediate.dense", layer.intermediate);
    linear(prefix + "output.dense", layer.output);
    linear(prefix + "output.LayerNorm", layer.output_norm);
  }
  if (model.config.has_pooler()) linear("bert.pooler.dense", model.pooler);
  if (model.config.task == Task::sequence_classification) linear("classifier", model.classifier);
  if (model.config.task == Task::masked_lm) {
    visit("cls.predictions.bias", model.masked_lm.bias);
    linear("cls.predictions.transform.dense", model.masked_lm.transform);
    linear("cls.predictions.transform.LayerNorm", model.masked_lm.norm);
  }
}

// The structure of a model, without parameters.
Model skeleton(const Config& config) {
  Model model{.config = config};
  model.embeddings.dropout = config.hidden_dropout_prob;
  model.embeddings.norm.eps = model.masked_lm.norm.eps = config.layer_norm_eps;
  model.layers.resize(static_cast<std::size_t>(config.num_hidden_layers));
  for (EncoderLayer& layer : model.layers) {
    layer.n_heads = config.num_attention_heads;
    layer.activation = config.hidden_act;
    layer.attention_norm.eps = layer.output_norm.eps = config.layer_norm_eps;
    layer.attention_dropout = config.attention_probs_dropout_prob;
    layer.hidden_dropout = config.hidden_dropout_prob;
  }
  return model;
}

Tensor fresh(const ParameterSpec& spec, const Config& config, std::uint64_t seed, std::uint64_t index) {
  const engine::Shape shape{std::span<const std::int64_t>(spec.shape)};
  if (shape.rank() == 1) return Tensor::full(shape, spec.name.ends_with("LayerNorm.weight") ? 1.0f : 0.0f);
  Tensor tensor = Tensor::empty(shape);
  engine::Rng rng(seed, static_cast<std::uint64_t>(engine::Stream::initialisation) << 56 | index);
  for (float& x : tensor.span()) x = static_cast<float>(rng.normal() * static_cast<double>(config.initializer_range));
  if (spec.name == "bert.embeddings.word_embeddings.weight" && config.pad_token_id >= 0) {
    std::fill_n(tensor.data() + config.pad_token_id * shape[1], shape[1], 0.0f);
  }
  return tensor;
}

using Tensors = std::map<std::string, Tensor>;

Tensors fresh_tensors(const Config& config, std::uint64_t seed) {
  Tensors tensors;
  std::uint64_t index = 0;
  for (const ParameterSpec& spec : parameter_specs(config)) tensors[spec.name] = fresh(spec, config, seed, index++);
  return tensors;
}

void overlay(Tensors& tensors, const std::vector<CheckpointTensor>& read) {
  for (const CheckpointTensor& t : read) {
    tensors[t.name] = Tensor::from(engine::Shape(std::span<const std::int64_t>(t.shape)), t.values);
  }
}

}  // namespace

Model model_of(const Config& config, const std::map<std::string, Tensor>& tensors) {
  Model model = skeleton(config);
  for_each_parameter(model, [&](const std::string& name, Variable& v) { v = Variable(tensors.at(name), true); });
  return model;
}

Model make_model(const Config& config, std::uint64_t seed) {
  check(config, "model");
  return model_of(config, fresh_tensors(config, seed));
}

Model load_model(const std::filesystem::path& folder) {
  Config config = read_config(folder / "config.json");
  return engine::naming_file(folder / "model.safetensors", [&] {
    if (config.task == Task::encoder) config.pooler = has_pooler(folder);
    Tensors tensors;
    overlay(tensors, read_checkpoint(folder, config));
    return model_of(config, tensors);
  });
}

Model model_from_body(const std::filesystem::path& folder, const Config& config, std::uint64_t seed) {
  return engine::naming_file(folder / "model.safetensors", [&] {
    const std::vector<CheckpointTensor> body = read_checkpoint(folder, config, true);  // before memory is taken
    Tensors tensors = fresh_tensors(config, seed);
    overlay(tensors, body);
    return model_of(config, tensors);
  });
}

Model with_config(const Model& model, const Config& config) {
  Tensors tensors;
  for (const Parameter& p : model.parameters()) tensors[p.name] = p.variable.value();
  return model_of(config, tensors);
}

void save_model(const std::filesystem::path& folder, const Model& model) {
  std::vector<TensorView> views;
  for (const Parameter& p : model.parameters()) {
    const auto dims = p.variable.shape().dims();
    views.push_back({p.name, {dims.begin(), dims.end()}, p.variable.value().data()});
  }
  write_checkpoint(folder, model.config, views);
}

std::vector<Parameter> Model::parameters() const {
  std::vector<Parameter> all;
  for_each_parameter(*this, [&](const std::string& name, const Variable& v) { all.push_back({name, v}); });
  return all;
}

std::vector<std::pair<std::string, engine::Linear*>> Model::linears() {
  std::vector<std::pair<std::string, engine::Linear*>> all;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    EncoderLayer& layer = layers[i];
    const std::string prefix = fmt::format("bert.encoder.layer.{}.", i);
    all.insert(all.end(), {{prefix + "attention.self.query", &layer.query},
                           {prefix + "attention.self.key", &layer.key},
                           {prefix + "attention.self.value", &layer.value},
                           {prefix + "attention.output.dense", &layer.attention_output},
                           {prefix + "intermediate.dense", &layer.intermediate},
                           {prefix + "output.dense", &layer.output}});
  }
  if (config.has_pooler()) all.emplace_back("bert.pooler.dense", &pooler);
  if (config.task == Task::sequence_classification) all.emplace_back("classifier", &classifier);
  if (config.task == Task::masked_lm) all.emplace_back("cls.predictions.transform.dense", &masked_lm.transform);
  std::erase_if(all, [](const auto& item) { return item.second->is_identity(); });
  return all;
}

std::vector<std::pair<std::string, engine::Embedding*>> Model::tables() {
  return {{"bert.embeddings.word_embeddings", &embeddings.word},
          {"bert.embeddings.position_embeddings", &embeddings.position},
          {"bert.embeddings.token_type_embeddings", &embeddings.token_type}};
}

}  // namespace ingot::bert
