#include "compress/quantize/learned_scales.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "bert/structure.h"
#include "compress/formats/elements.h"
#include "compress/formats/straight_through.h"
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

struct Memo {
  Variable x, log2_steps, y;
};

}  // namespace

Variable learned_quantize(const Variable& x, const Variable& log2_steps, const FixedPoint& fixed) {
  const std::vector<int> bits = frac_bits(log2_steps);
  const auto n_steps = static_cast<std::int64_t>(bits.size());
  Tensor y = Tensor::empty(x.shape());
  quantize_rows(fixed, n_steps, y.size() / n_steps, x.value().data(), bits.data(), y.data());
  return engine::record(y, {x, log2_steps},
                        [x, log2_steps, fixed, y](const Tensor& dy) { send_back_steps(x, log2_steps, fixed, y, dy); });
}

LearnedScales::LearnedScales(const bert::Config& config, const Compression& compression) : compression_(compression) {
  std::map<std::string, std::string> reads;  // by Linear: query, key and value of a layer read the same
  for (const bert::Part& part : bert::parts(config)) reads[part.name] = part.reads;
  std::map<std::string, const Scale*> inputs;
  scales_.reserve(kRoles.size() * compression.size());  // its elements stay where they are
  for (const auto& [name, layer] : compression) {
    for (const Role role : kRoles) {
      if (!layer[role] || !is_learned(*layer[role])) continue;
      const FixedPoint fixed = *as_fixed(layer[role]->format);
      std::vector<float> steps{-static_cast<float>(fixed.frac_bits)};
      if (!layer[role]->channel_frac_bits.empty()) {
        steps.assign(layer[role]->channel_frac_bits.begin(), layer[role]->channel_frac_bits.end());
        for (float& step : steps) step = -step;
      }
      const std::string& shared = reads[name];
      const auto twin = role == Role::input ? inputs.find(shared) : inputs.end();
      if (twin != inputs.end() && compression.at(twin->second->layer)[role] == layer[role]) {
        scales_.push_back({name, role, twin->second->log2_steps, fixed});
        continue;
      }
      const Variable log2_steps(Tensor::from({static_cast<std::int64_t>(steps.size())}, steps), true);
      scales_.push_back({name, role, log2_steps, fixed});
      parameters_.push_back({"log2_steps." + name + "." + std::string(compress::name(role)), log2_steps});
      if (role == Role::input) inputs.emplace(shared, &scales_.back());
    }
  }
}

void LearnedScales::attach(bert::Model& model) const {
  Compression rest = compression_;
  for (const Scale& scale : scales_) rest[scale.layer][scale.role].reset();
  compress::attach(model, rest);
  const auto memo = std::make_shared<Memo>();
  const auto learned = [memo](engine::TensorTransform before, const Scale& scale) {
    return [before = std::move(before), memo, log2_steps = scale.log2_steps, fixed = scale.fixed](const Variable& x) {
      const Variable changed = before ? before(x) : x;
      const bool same = memo->x.node() == changed.node() && memo->log2_steps.node() == log2_steps.node() &&
                        memo->y.requires_gradient() == engine::recording();
      if (!same) *memo = {changed, log2_steps, learned_quantize(changed, log2_steps, fixed)};
      return memo->y;
    };
  };
  const auto install = [&](const std::string& name, auto& layer) {
    for (const Scale& scale : scales_) {
      if (scale.layer != name) continue;
      auto transforms = std::make_shared<engine::TensorTransforms>(*layer.transforms);
      engine::TensorTransform* const by_role[] = {&transforms->input, &transforms->weight, &transforms->bias,
                                                  &transforms->output};
      engine::TensorTransform& transform = *by_role[static_cast<std::size_t>(scale.role)];
      transform = learned(transform, scale);
      layer.transforms = std::move(transforms);
    }
  };
  for (const auto& [name, linear] : model.linears()) install(name, *linear);
  for (const auto& [name, table] : model.tables()) install(name, *table);
}

engine::ParameterGroup LearnedScales::parameters() const {
  return {.parameters = parameters_, .weight_decay = 0, .learning_rate_factor = kRateFactor};
}

void LearnedScales::write_to(Compression& compression) const {
  for (const Scale& scale : scales_) {
    Quantizer& quantizer = *compression.at(scale.layer)[scale.role];
    const std::vector<int> bits = frac_bits(scale.log2_steps);
    if (quantizer.channel_frac_bits.empty()) {
      quantizer.format = with_frac_bits(quantizer.format, bits[0]);
    } else {
      quantizer.channel_frac_bits = bits;
    }
  }
}

}  // namespace ingot::compress
