#include "compress/quantize/calibration.h"

#include <fmt/format.h>

#include <memory>

#include "compress/encoder_formats.h"
#include "compress/fits.h"
#include "compress/formats/fixed.h"
#include "compress/formats/scale_bits.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::TensorTransforms;
using engine::Variable;

// Scale bits of a weight or bias, by row or for all of it.
void calibrate_parameter(const Variable& parameter, const std::vector<std::uint8_t>& mask,
                         const QuantizerRequest& request, const CalibrationOptions& options, Quantizer& quantizer) {
  const std::span<const float> all = parameter.value().span();
  std::vector<float> values(all.begin(), all.end());
  for (std::size_t i = 0; i < mask.size(); ++i) values[i] = mask[i] != 0 ? values[i] : 0.0f;
  if (!request.per_channel) {
    quantizer.format =
        with_scale_bits(quantizer.format, calibrated_scale_bits(quantizer.format, values, options, quantizer.mode));
    return;
  }
  const auto n_rows = static_cast<std::size_t>(parameter.shape()[0]), n = values.size() / n_rows;
  for (std::size_t row = 0; row < n_rows; ++row) {
    const std::span<const float> channel(values.data() + row * n, n);
    quantizer.channel_frac_bits.push_back(calibrated_scale_bits(quantizer.format, channel, options));
  }
}

// One tensor on its way through a layer.
struct Watch {
  std::string layer;
  Role role;
  std::shared_ptr<ScaleChoice> choice;
};

// Looks at the tensors that go through the layers of a model. Layers that read the same tensor, and want the same of
// it, share what was seen.
class Watcher {
 public:
  Watcher(bert::Model& model, std::vector<Watch>& watches) : model_(model) {
    const auto observe_all = [&](const auto& layers) {
      for (auto& [name, layer] : layers) {
        for (Watch& watch : watches) {
          if (watch.layer == name) observe(*layer, watch);
        }
      }
    };
    observe_all(model.linears());
    observe_all(model.norms());
  }

  // Runs all batches; `second`: the second round.
  void run(std::span<const bert::Input> batches, bool second, const std::function<void()>& count) {
    second_ = second;
    const engine::NoGradient no_gradient;
    for (const bert::Input& batch : batches) {
      engine::DropoutStreams off;
      model_.outputs(model_.encode(batch, off), batch, off);
      last_ = nullptr;
      last_x_ = {};
      count();
    }
  }

 private:
  // A Linear, or a layer norm, of which only the output is watched.
  template <class Layer>
  void observe(Layer& layer, Watch& watch) {
    auto transforms = std::make_shared<TensorTransforms>(layer.transforms ? *layer.transforms : TensorTransforms());
    engine::TensorTransform& transform = watch.role == Role::input ? transforms->input : transforms->output;
    // What compression does before, such as sparse inputs, comes first.
    transform = [this, &watch, before = transform](const Variable& x) {
      const Variable y = before ? before(x) : x;
      see(y, watch);
      return y;
    };
    layer.transforms = std::move(transforms);
  }

  void see(const Variable& x, Watch& watch) {
    const bool shared = watch.role == Role::input && last_ != nullptr && last_x_.node() == x.node() &&
                        last_->choice->wants_as(*watch.choice);
    if (shared) {
      watch.choice = last_->choice;
      return;
    }
    if (second_) {
      watch.choice->see_errors(x.value().span());
    } else {
      watch.choice->see_range(x.value().span());
    }
    if (watch.role == Role::input) {
      last_ = &watch;
      last_x_ = x;
    }
  }

  bert::Model& model_;
  bool second_ = false;
  Watch* last_ = nullptr;
  Variable last_x_;
};

// The compression with the quantizers asked for, parameters calibrated; what goes through layers is put into `watches`.
Compression requested(bert::Model& model, const Compression& start, const std::map<std::string, LayerRequest>& requests,
                      const CalibrationOptions& options, std::vector<Watch>& watches) {
  Compression compression = start;
  const auto add = [&](const std::string& name, const Variable& weight, const Variable& bias) {
    const auto found = requests.find(name);
    if (found == requests.end()) return;
    const LayerRequest& wanted = found->second;
    LayerCompression& layer = compression[name];
    if (wanted.is_cheap) layer.is_cheap = *wanted.is_cheap;
    for (const Role role : kRoles) {
      const std::optional<QuantizerRequest>& request = wanted[role];
      if (!request) continue;
      layer[role] = request->quantizer;
      if (!request->is_calibrated) continue;
      if (role == Role::weight) calibrate_parameter(weight, layer.weight_mask, *request, options, *layer[role]);
      if (role == Role::bias) calibrate_parameter(bias, {}, {request->quantizer}, options, *layer[role]);
      if (role == Role::input || role == Role::output) {
        watches.push_back(
            {name, role, std::make_shared<ScaleChoice>(request->quantizer->format, options, request->quantizer->mode)});
      }
    }
  };
  for (const auto& [name, linear] : model.linears()) add(name, linear->weight, linear->bias);
  for (const auto& [name, table] : model.tables()) add(name, table->weight, {});
  for (const auto& [name, norm] : model.norms()) add(name, norm->weight, norm->bias);
  for (const std::string& name : softmax_names(model.config)) add(name, {}, {});
  std::erase_if(compression, [](const auto& item) {
    const LayerCompression& layer = item.second;
    return layer.quantizers == LayerCompression().quantizers && layer.weight_mask.empty() &&
           layer.input_sparsity == 0 && !layer.is_cheap;
  });
  return compression;
}

// What the watched tensors are seen in: `start` without the quantizers that will change.
Compression surroundings(const Compression& start, const std::map<std::string, LayerRequest>& requests) {
  Compression compression = start;
  for (auto& [name, layer] : compression) {
    const auto found = requests.find(name);
    if (found == requests.end()) continue;
    for (const Role role : kRoles) {
      if (found->second[role]) layer[role].reset();
    }
    layer.is_cheap = false;
  }
  // Half a softmax is none.
  std::erase_if(compression, [](const auto& item) {
    return item.first.ends_with(".softmax") && !(item.second[Role::input] && item.second[Role::output]);
  });
  return compression;
}

}  // namespace

void set_bits_of_sums(const std::map<std::string, LayerRequest>& requests, bert::Model& model,
                      Compression& compression) {
  for (const auto& [name, linear] : model.linears()) {
    const auto found = requests.find(name);
    if (found == requests.end()) continue;
    const std::optional<QuantizerRequest>& bias = found->second[Role::bias];
    if (!bias || !bias->is_of_sums) continue;
    LayerCompression& layer = compression[name];
    const auto fixed = [&, &name = name](Role role) {
      const std::optional<FixedPoint> format = layer[role] ? as_fixed(layer[role]->format) : std::nullopt;
      engine::require(format.has_value(), "plan: {}: a bias with the fraction bits of sums needs {} {} in fixed point",
                      name, role == Role::weight ? "a" : "an", compress::name(role));
      return *format;
    };
    const int input = fixed(Role::input).frac_bits, weight = fixed(Role::weight).frac_bits;
    std::vector<int> bits = layer[Role::weight]->channel_frac_bits;
    if (bits.empty()) bits.assign(static_cast<std::size_t>(linear->weight.shape()[0]), weight);
    for (int& b : bits) b += input;
    layer[Role::bias]->channel_frac_bits = bits;
  }
}

Compression calibrate(bert::Model& model, const Compression& start, const std::map<std::string, LayerRequest>& requests,
                      std::span<const bert::Input> batches, const CalibrationOptions& options,
                      const std::function<void(std::int64_t, std::int64_t)>& progress) {
  std::vector<Watch> watches;
  Compression compression = requested(model, start, requests, options, watches);
  check_fits("plan", model, compression);
  engine::require(watches.empty() || !batches.empty(), "calibration: needs at least one batch of texts, got 0");
  if (!watches.empty()) {
    attach(model, surroundings(start, requests));
    const auto total = static_cast<std::int64_t>(2 * batches.size());
    std::int64_t done = 0;
    const auto count = [&] {
      if (progress) progress(++done, total);
    };
    Watcher watcher(model, watches);
    watcher.run(batches, false, count);
    watcher.run(batches, true, count);
  }
  attach(model, {});
  for (const Watch& watch : watches) {
    Format& format = compression[watch.layer][watch.role]->format;
    format = with_scale_bits(format, watch.choice->scale_bits());
  }
  set_bits_of_sums(requests, model, compression);
  return compression;
}

}  // namespace ingot::compress
