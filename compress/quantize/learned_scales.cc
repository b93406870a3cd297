#include "compress/quantize/learned_scales.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "bert/structure.h"
#include "compress/formats/elements.h"
#include "compress/formats/straight_through.h"
#include "compress/transforms.h"
#include "engine/base/divide.h"
#include "engine/kernels/quantize/quantize.h"

namespace ingot::compress {
namespace {

using engine::Tensor;
using engine::Variable;

constexpr float kRateFactor = 10;

int frac_bits_of(float log2_step) { return std::clamp(-static_cast<int>(std::lround(log2_step)), -95, 126); }

// The sum over [begin, end) of dy (q(x) - x inside, q(x) outside), and of how dx is made.
double sum_and_stop(const float* x, const float* y, const float* dy, float* dx, std::int64_t begin, std::int64_t end,
                    engine::FixedRange range) {
  double total = 0;
  for (std::int64_t i = begin; i < end; ++i) {
    const bool inside = double{x[i]} >= range.lowest && double{x[i]} <= range.highest;
    const float g = dy[i];
    total += double{g} * (double{y[i]} - (inside ? double{x[i]} : 0.0));
    dx[i] = inside ? g : 0.0f;
  }
  return total;
}

// Gradients of x and of t for steps that n neighbours share; chunks of the sums do not depend on threads.
void send_back_steps(const Variable& x, const Variable& log2_steps, const FixedPoint& fixed, const Tensor& y,
                     const Tensor& dy) {
  const std::int64_t n_steps = log2_steps.value().size(), n = dy.size() / n_steps;
  const std::int64_t grain = std::min(n, kGrain), n_chunks = engine::ceil_div(n, grain);
  const Tensor dx = dy.unique() ? dy : Tensor::empty(dy.shape()), dt = Tensor::empty(log2_steps.shape());
  std::vector<double> sums(static_cast<std::size_t>(n_steps * n_chunks));
  engine::parallel_for(
      n_steps * n_chunks, std::max<std::int64_t>(1, kGrain / grain), [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t c = first; c < last; ++c) {
          const std::int64_t step = c / n_chunks, begin = step * n + c % n_chunks * grain;
          const engine::FixedRange range = fixed.range(frac_bits_of(log2_steps.value().data()[step]));
          sums[static_cast<std::size_t>(c)] = sum_and_stop(x.value().data(), y.data(), dy.data(), dx.data(), begin,
                                                           std::min(begin + grain, (step + 1) * n), range);
        }
      });
  const double highest = std::max(1.0, static_cast<double>(fixed.codes().highest));
  const double factor = std::numbers::ln2 / std::sqrt(static_cast<double>(n) * highest);
  for (std::int64_t step = 0; step < n_steps; ++step) {
    const auto begin = sums.begin() + step * n_chunks;
    double total = 0;
    for (auto sum = begin; sum != begin + n_chunks; ++sum) total += *sum;
    dt.data()[step] = static_cast<float>(factor * total);
  }
  log2_steps.add_gradient(dt);
  if (x.requires_gradient()) x.add_gradient(dx);
}

std::vector<int> frac_bits(const Variable& log2_steps) {
  std::vector<int> bits;
  for (const float t : log2_steps.value().span()) bits.push_back(frac_bits_of(t));
  return bits;
}

bool is_learned(const Quantizer& quantizer) {
  const std::optional<FixedPoint> fixed = as_fixed(quantizer.format);
  return fixed && fixed->rounding && quantizer.mode == Mode::standard;
}

// The fraction bits of a Linear's sums of products, for each channel of its bias.
std::vector<int> bits_of_sums(const LayerCompression& layer) {
  std::vector<int> bits = layer[Role::weight]->channel_frac_bits;
  if (bits.empty())
    bits.assign(layer[Role::bias]->channel_frac_bits.size(), as_fixed(layer[Role::weight]->format)->frac_bits);
  for (int& b : bits) b += as_fixed(layer[Role::input]->format)->frac_bits;
  return bits;
}

bool is_bias_of_sums(const LayerCompression& layer) {
  const auto is_fixed = [&](Role role) { return layer[role] && as_fixed(layer[role]->format); };
  return is_fixed(Role::input) && is_fixed(Role::weight) && is_fixed(Role::bias) &&
         layer[Role::bias]->channel_frac_bits == bits_of_sums(layer);
}

// By what Linears read: the layer norm that gives it.
std::map<std::string, std::string> norms_before(const bert::Config& config) {
  std::map<std::string, std::string> norms;
  std::string last = "bert.embeddings.LayerNorm";
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const std::string prefix = fmt::format("bert.encoder.layer.{}.", i);
    norms[prefix + "input"] = last;
    norms[prefix + "attended"] = prefix + "attention.output.LayerNorm";
    last = prefix + "output.LayerNorm";
  }
  norms["hidden"] = last;
  return norms;
}

// The last tensor that a thread changed on its way into a layer: query, key and value read the same one.
struct InputMemo {
  Variable x, log2_steps, y;
};
thread_local InputMemo input_memo;

// y, what x is in fixed point, with the gradients of learned_quantize.
Variable with_value(const Variable& x, const Variable& log2_steps, const FixedPoint& fixed, Tensor y) {
  return engine::record(y, {x, log2_steps},
                        [x, log2_steps, fixed, y](const Tensor& dy) { send_back_steps(x, log2_steps, fixed, y, dy); });
}

}  // namespace

Variable learned_quantize(const Variable& x, const Variable& log2_steps, const FixedPoint& fixed) {
  const std::vector<int> bits = frac_bits(log2_steps);
  const auto n_steps = static_cast<std::int64_t>(bits.size());
  Tensor y = Tensor::empty(x.shape());
  quantize_rows(fixed, n_steps, y.size() / n_steps, x.value().data(), bits.data(), y.data());
  return with_value(x, log2_steps, fixed, std::move(y));
}

struct LearnedScales::State {
  Compression formats;  // as they began
  std::vector<Scale> scales;
  std::vector<std::string> biases;            // layers whose bias has the fraction bits of the sums
  std::vector<engine::Parameter> parameters;  // each once

  const Scale* find(const std::string& layer, Role role) const {
    const auto found = std::find_if(scales.begin(), scales.end(),
                                    [&](const Scale& scale) { return scale.layer == layer && scale.role == role; });
    return found == scales.end() ? nullptr : &*found;
  }

  void add(const std::string& layer, Role role, const Scale* twin) {
    const Quantizer& how = *formats.at(layer)[role];
    const FixedPoint fixed = *as_fixed(how.format);
    if (twin != nullptr && formats.at(twin->layer)[twin->role] == how) {
      scales.push_back({layer, role, twin->log2_steps, fixed});
      return;
    }
    std::vector<float> steps{-static_cast<float>(fixed.frac_bits)};
    if (!how.channel_frac_bits.empty()) {
      steps.assign(how.channel_frac_bits.begin(), how.channel_frac_bits.end());
      for (float& step : steps) step = -step;
    }
    const Variable log2_steps(Tensor::from({static_cast<std::int64_t>(steps.size())}, steps), true);
    scales.push_back({layer, role, log2_steps, fixed});
    parameters.push_back({"log2_steps." + layer + "." + std::string(compress::name(role)), log2_steps});
  }

  // Of one layer, from its scales.
  void write_to(const std::string& name, LayerCompression& layer) const {
    for (const Scale& scale : scales) {
      if (scale.layer != name) continue;
      Quantizer& quantizer = *layer[scale.role];
      const std::vector<int> bits = frac_bits(scale.log2_steps);
      if (quantizer.channel_frac_bits.empty()) {
        quantizer.format = with_frac_bits(quantizer.format, bits[0]);
      } else {
        quantizer.channel_frac_bits = bits;
      }
    }
    if (std::find(biases.begin(), biases.end(), name) != biases.end())
      layer[Role::bias]->channel_frac_bits = bits_of_sums(layer);
  }
};

LearnedScales::LearnedScales(const bert::Config& config, const Compression& compression)
    : config_(config), compression_(compression) {
  const auto state = std::make_shared<State>();
  state->formats = compression;
  for (auto& [name, layer] : state->formats) layer.weight_mask.clear();
  std::map<std::string, std::string> reads;  // by Linear
  for (const bert::Part& part : bert::parts(config)) reads[part.name] = part.reads;
  const std::map<std::string, std::string> norms = norms_before(config);
  std::map<std::string, std::string> first;  // of those that read it
  // What gives the input of a Linear, or reads it too.
  const auto twin = [&](const std::string& layer) {
    const auto norm = norms.find(reads[layer]);
    const Scale* before = norm == norms.end() ? nullptr : state->find(norm->second, Role::output);
    const bool fits =
        before != nullptr && compression.at(norm->second)[Role::output] == compression.at(layer)[Role::input];
    return fits ? before : state->find(first.emplace(reads[layer], layer).first->second, Role::input);
  };
  state->scales.reserve(kRoles.size() * compression.size());  // its elements stay where they are
  for (const bool is_norm : {true, false}) {
    for (const auto& [name, layer] : compression) {
      if (name.ends_with("LayerNorm") != is_norm || name.ends_with(".softmax")) continue;
      for (const Role role : kRoles) {
        if (!layer[role] || !is_learned(*layer[role])) continue;
        if (role == Role::bias && is_bias_of_sums(layer)) {
          state->biases.push_back(name);
        } else {
          state->add(name, role, role == Role::input ? twin(name) : nullptr);
        }
      }
    }
  }
  state_ = state;
}

// What the layers do to their tensors, with the present steps.
void LearnedScales::attach(bert::Model& model) const {
  Compression rest = compression_;
  for (const Scale& scale : state_->scales) rest[scale.layer][scale.role].reset();
  for (const std::string& name : state_->biases) rest[name][Role::bias].reset();
  for (auto& [name, layer] : rest) layer.is_cheap = layer.is_cheap && name.ends_with(".softmax");
  compress::attach(model, rest);
  const auto learned = [](engine::TensorTransform before, const Scale& scale) {
    return [before = std::move(before), is_input = scale.role == Role::input, log2_steps = scale.log2_steps,
            fixed = scale.fixed](const Variable& x) {
      const Variable changed = before ? before(x) : x;
      if (!is_input) return learned_quantize(changed, log2_steps, fixed);
      InputMemo& memo = input_memo;
      const bool same = memo.x.node() == changed.node() && memo.log2_steps.node() == log2_steps.node() &&
                        memo.y.requires_gradient() == engine::recording();
      if (!same) memo = {changed, log2_steps, learned_quantize(changed, log2_steps, fixed)};
      return memo.y;
    };
  };
  const auto install = [&](const std::string& name, auto& layer) {
    if (layer.transforms == nullptr) return;
    auto transforms = std::make_shared<engine::TensorTransforms>(*layer.transforms);
    engine::TensorTransform* const by_role[] = {&transforms->input, &transforms->weight, &transforms->bias,
                                                &transforms->output};
    for (const Scale& scale : state_->scales) {
      engine::TensorTransform& transform = *by_role[static_cast<std::size_t>(scale.role)];
      if (scale.layer == name) transform = learned(transform, scale);
    }
    if (std::find(state_->biases.begin(), state_->biases.end(), name) != state_->biases.end()) {
      transforms->bias = [state = state_, name](const Variable& bias) {
        LayerCompression layer = state->formats.at(name);
        state->write_to(name, layer);
        return fake_quantize(bias, *layer[Role::bias], false);
      };
    }
    layer.transforms = std::move(transforms);
  };
  for (const auto& [name, linear] : model.linears()) install(name, *linear);
  for (const auto& [name, norm] : model.norms()) install(name, *norm);
  for (const auto& [name, table] : model.tables()) install(name, *table);
  attach_encoder(model, moving_formats());
}

MovingFormats LearnedScales::moving_formats() const {
  return {.formats =
              [state = state_, config = config_] {
                Compression now = state->formats;
                for (auto& [name, layer] : now) state->write_to(name, layer);
                return encoder_formats(config, now);
              },
          .rounded = [state = state_](const std::string& layer, Role role) -> Rounded {
            return [state, scale = state->find(layer, role)](const Variable& real, Tensor value) {
              return with_value(real, scale->log2_steps, scale->fixed, std::move(value));
            };
          }};
}

engine::ParameterGroup LearnedScales::parameters() const {
  return {.parameters = state_->parameters, .weight_decay = 0, .learning_rate_factor = kRateFactor};
}

void LearnedScales::write_to(Compression& compression) const {
  for (auto& [name, layer] : compression) state_->write_to(name, layer);
}

}  // namespace ingot::compress
