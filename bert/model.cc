// Models from fresh weights and from checkpoints.
#include "bert/model.h"

#include <algorithm>
#include <map>

#include "bert/checkpoint.h"
#include "bert/checkpoints/tensor_files.h"
#include "bert/head.h"
#include "bert/structure.h"
#include "engine/base/error.h"
#include "engine/base/memory.h"

namespace ingot::bert {

using engine::Parameter;
using engine::Tensor;

namespace {

Tensor fresh(const ParameterSpec& spec, const Config& config, std::uint64_t seed, std::uint64_t index) {
  const engine::Shape shape{std::span<const std::int64_t>(spec.shape)};
  if (spec.fresh != Fresh::normal) return Tensor::full(shape, spec.fresh == Fresh::one ? 1.0f : 0.0f);
  Tensor tensor = Tensor::empty(shape);
  engine::Rng rng(seed, static_cast<std::uint64_t>(engine::Stream::initialisation) << 56 | index);
  for (float& x : tensor.span()) x = static_cast<float>(rng.normal() * static_cast<double>(config.initializer_range));
  if (spec.name == kWordEmbedding && config.pad_token_id >= 0) {
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

Model make_model(const Config& config, std::uint64_t seed) {
  check(config, "model");
  return model_of(config, fresh_tensors(config, seed));
}

Model load_model(const std::filesystem::path& folder) {
  Config config = read_config(folder / "config.json");
  return engine::naming_file(tensor_file(folder), [&] {
    if (config.head->pooler == PoolerUse::optional) config.pooler = has_pooler(folder);
    Tensors tensors;
    overlay(tensors, read_checkpoint(folder, config));
    return model_of(config, tensors);
  });
}

Model model_from_body(const std::filesystem::path& folder, const Config& config, std::uint64_t seed) {
  return engine::naming_file(tensor_file(folder), [&] {
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

}  // namespace ingot::bert
