#include "compress/prune/pruner.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>

#include "compress/prune/selection.h"
#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::compress {

using engine::require;

namespace {

constexpr std::int64_t kMostIncrements = 100;
constexpr std::int64_t kLargestGroup = 1024;

// 0 where scores say so: in the weight, in what its gradient holds and in the optimizer's moments.
void clear(const engine::Variable& weight, std::span<const float> scores, const engine::AdamW::Moments* moments) {
  std::vector<float*> cleared{weight.value().data()};
  const engine::Tensor gradient = weight.has_gradient() ? weight.gradient() : engine::Tensor();
  if (gradient.defined()) cleared.push_back(gradient.data());
  if (moments != nullptr) cleared.insert(cleared.end(), {moments->first.data(), moments->second.data()});
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] != kPruned) continue;
    for (float* values : cleared) values[i] = 0;
  }
}

std::int64_t count_pruned(std::span<const float> scores) { return std::count(scores.begin(), scores.end(), kPruned); }

}  // namespace

Scope scope_from_name(std::string_view name) {
  require(name == "local" || name == "global", "pruning scope: must be local or global, got '{}'", name);
  return name == "local" ? Scope::local : Scope::global;
}

PruneMethod parse_method(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {.criterion = &criterion_from_name(text)};
  const auto number = [&](std::string_view digits) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() ? value : 0;
  };
  const std::int64_t kept = number(text.substr(0, colon)), group = number(text.substr(colon + 1));
  require(1 <= kept && kept < group && group <= kLargestGroup,
          "pruning method: N:M keeps N of every M weights, with 1 <= N < M <= {}, got '{}'", kLargestGroup, text);
  return {&criterion_from_name("l1"), kept, group};
}

void check(const PruneOptions& o) {
  require(o.sparsity >= 0 && o.sparsity <= 1, "sparsity: must be between 0 and 1, got {}", o.sparsity);
  require(o.activations >= 0 && o.activations < 1, "sparsity of activations: must be at least 0 and below 1, got {}",
          o.activations);
  require(o.method.group == 0 || o.scope == Scope::local,
          "pruning scope: {}:{} is decided in each group of {} alone, which is local, got global", o.method.kept,
          o.method.group, o.method.group);
}

Pruner::Pruner(bert::Model& model, Compression& compression, const PruneOptions& options)
    : model_(model), compression_(compression), options_(options), growth_(engine::Tensor::zeros({1})) {
  check(options);
  const PruneMethod& method = options_.method;
  if (method.group > 0) options_.sparsity = 1 - static_cast<double>(method.kept) / static_cast<double>(method.group);
  for (const auto& [name, linear] : model.linears()) add(name, linear->weight, true);
  if (!options_.embeddings) return;
  for (const auto& [name, table] : model.tables()) add(name, table->weight, false);
}

void Pruner::add(const std::string& name, const engine::Variable& weight, bool is_linear) {
  const std::int64_t group = options_.method.group;
  require(group == 0 || weight.value().columns() % group == 0,
          "{}: its weights {} cannot be pruned {}:{}: {} does not divide the {} of a row", name,
          to_string(weight.shape()), options_.method.kept, group, group, weight.value().columns());
  LayerCompression& layer = compression_[name];
  engine::Tensor scores = engine::Tensor::zeros(weight.shape());
  for (std::size_t i = 0; i < layer.weight_mask.size(); ++i) {
    if (layer.weight_mask[i] == 0) scores.span()[i] = kPruned;
  }
  layers_.push_back({name, weight, std::move(scores), &layer, is_linear, layer.input_sparsity});
}

void Pruner::prune(double growth, const engine::AdamW* optimizer) {
  growth_.span()[0] = static_cast<float>(growth);
  select(options_.sparsity * growth);
  for (const Layer& layer : layers_) {
    const engine::AdamW::Moments* moments = nullptr;
    if (optimizer != nullptr) {
      for (const auto& m : optimizer->moments()) moments = m.name == layer.name + ".weight" ? &m : moments;
    }
    clear(layer.weight, layer.scores.span(), moments);
  }
  attach_scores();
}

void Pruner::select(double sparsity) {
  std::vector<std::span<float>> all;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::span<float> scores = layers_[i].scores.span();
    if (options_.method.criterion->score != nullptr) {
      options_.method.criterion->score({.weight = layers_[i].weight.value().span(),
                                        .seed = options_.seed,
                                        .layer = static_cast<std::uint64_t>(i),
                                        .scores = scores});
    }
    if (options_.method.group > 0) {
      prune_lowest_in_groups(scores, options_.method.group, sparsity);
    } else if (options_.scope == Scope::local) {
      prune_lowest({&scores, 1}, sparsity);
    } else {
      all.push_back(scores);
    }
  }
  prune_lowest(all, sparsity);
}

void Pruner::attach_scores() {
  for (const Layer& layer : layers_) {
    const std::span<const float> scores = layer.scores.span();
    std::vector<std::uint8_t>& mask = layer.compression->weight_mask;
    mask.resize(scores.size());
    std::transform(scores.begin(), scores.end(), mask.begin(), [](float score) { return score != kPruned ? 1 : 0; });
    if (layer.is_linear) {
      layer.compression->input_sparsity = std::max(layer.input_sparsity, options_.activations * growth());
    }
  }
  attach(model_, compression_);
}

void Pruner::follow() {
  if (options_.method.criterion->follow == nullptr) return;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    if (!layer.weight.has_gradient()) continue;
    options_.method.criterion->follow({.weight = layer.weight.value().span(),
                                       .gradient = layer.weight.gradient().span(),
                                       .seed = options_.seed,
                                       .layer = static_cast<std::uint64_t>(i),
                                       .scores = layer.scores.span()});
  }
}

double Pruner::growth() const { return static_cast<double>(growth_.span()[0]); }

std::int64_t Pruner::n_weights() const {
  std::int64_t n = 0;
  for (const Layer& layer : layers_) n += layer.scores.size();
  return n;
}

std::int64_t Pruner::n_pruned() const {
  std::int64_t n = 0;
  for (const Layer& layer : layers_) n += count_pruned(layer.scores.span());
  return n;
}

std::vector<bert::NamedTensor> Pruner::state() const {
  std::vector<bert::NamedTensor> all{{"pruning.growth", growth_}};
  for (const Layer& layer : layers_) all.push_back({"pruning.scores." + layer.name, layer.scores});
  return all;
}

void Pruner::resumed() {
  if (growth() > 0) attach_scores();
}

double cubic_growth(std::int64_t step, std::int64_t n_steps) {
  if (step >= n_steps) return 1;
  const double left = 1 - static_cast<double>(step) / static_cast<double>(n_steps);
  return 1 - left * left * left;
}

void prune_while_training(bert::Job& job, Pruner& pruner, std::int64_t ramp_steps) {
  const std::int64_t interval = std::max<std::int64_t>(1, ramp_steps / kMostIncrements);
  job.state = pruner.state();
  job.resumed = [&pruner] { pruner.resumed(); };
  job.before_update = [&pruner, ramp_steps, interval](std::int64_t step, const engine::AdamW& optimizer) {
    const std::int64_t done = step + 1;
    if (done > ramp_steps) return;
    pruner.follow();
    if (done == ramp_steps || done % interval == 0) pruner.prune(cubic_growth(done, ramp_steps), &optimizer);
  };
  job.validate = [&pruner, validate = std::move(job.validate)] {
    engine::Json scores = validate();
    if (pruner.growth() < 1) scores.erase("score");
    scores["sparsity"] = static_cast<double>(pruner.n_pruned()) / static_cast<double>(pruner.n_weights());
    return scores;
  };
}

}  // namespace ingot::compress
