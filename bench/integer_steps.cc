#include "bench/integer_steps.h"

#include <fmt/format.h>

#include <cmath>

namespace ingot::bench {
namespace {

// The largest number of fraction bits with which four deviations of these weights fit into `width` bits: about those
// that make the squared error of 8 bits smallest, as calibration does.
int fraction_bits(int width, const float* w, std::int64_t n) {
  double squares = 1e-12;
  for (std::int64_t i = 0; i < n; ++i) squares += static_cast<double>(w[i]) * static_cast<double>(w[i]);
  return width - 2 - std::ilogb(4 * std::sqrt(squares / static_cast<double>(n)));
}

bert::Model attached(const bert::Model& model, const compress::Compression& compression) {
  bert::Model compressed = model;
  compress::attach(compressed, compression);
  return compressed;
}

}  // namespace

compress::Compression fixed_compression(bert::Model& model, Widths widths) {
  using compress::Role;
  const auto fixed = [](int width, int frac_bits) {
    return compress::Quantizer{.format = compress::parse_format(fmt::format("fixed({},{})", width, frac_bits))};
  };
  compress::Compression compression;
  for (const auto& [name, linear] : model.linears()) {
    compress::LayerCompression& layer = compression[name];
    layer[Role::input] = fixed(widths.input, widths.input - 4);
    layer[Role::weight] = fixed(widths.weight, 0);
    const std::int64_t n = linear->weight.shape()[0], k = linear->weight.shape()[1];
    for (std::int64_t j = 0; j < n; ++j)
      layer[Role::weight]->channel_frac_bits.push_back(
          fraction_bits(widths.weight, linear->weight.value().data() + j * k, k));
  }
  return compression;
}

IntegerSteps::IntegerSteps(BertSteps& steps, Widths widths)
    : steps_(steps),
      compressed_(attached(steps.model(), fixed_compression(steps.model(), widths))),
      program_(compress::lower(compressed_, fixed_compression(steps.model(), widths))),
      integers_(compressed_, program_) {}

engine::Tensor IntegerSteps::infer() const {
  const engine::NoGradient off;
  return integers_.outputs(steps_.input()).value();
}

engine::Tensor IntegerSteps::exact() const {
  const engine::NoGradient off;
  engine::DropoutStreams none;
  const bert::Model model = compress::exact_model(compressed_, program_);
  return model.outputs(model.encode(steps_.input(), none), steps_.input(), none).value();
}

}  // namespace ingot::bench
