// Uniform over the space, blind to results.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "search/samplers/sampler.h"

namespace ingot::search {

double NumpyStream::uniform() {
  const std::uint64_t high = generator_() >> 5, low = generator_() >> 6;  // 27 and 26 bits
  return static_cast<double>(high << 26 | low) * 0x1p-53;
}

std::uint32_t NumpyStream::at_most(std::uint32_t bound) {
  std::uint32_t mask = bound;
  for (const int shift : {1, 2, 4, 8, 16}) mask |= mask >> shift;
  for (;;) {
    const std::uint32_t value = static_cast<std::uint32_t>(generator_()) & mask;
    if (value <= bound) return value;
  }
}

double draw_uniform(const Distribution& d, const std::function<double()>& uniform) {
  if (d.kind == Distribution::Kind::categorical) {  // the choice with the largest of as many uniforms
    double best = 0, highest = -1;
    for (double choice = 0; choice <= d.high; ++choice) {
      const double u = uniform();
      if (u > highest) highest = u, best = choice;
    }
    return best;
  }
  // A step, and the number 1 of integers, stands for the interval of that length about it.
  double low = d.low - d.step / 2, high = d.high + d.step / 2;
  if (d.log) low = std::log(low), high = std::log(high);
  double x = low + (high - low) * uniform();
  if (d.log) x = std::exp(x);
  if (d.step == 0) return std::min(std::max(x, d.low), std::nextafter(d.high, d.low));
  const double steps = (x - d.low) / d.step;
  const bool half_to_even = d.log || d.kind == Distribution::Kind::real;
  const double rounded = half_to_even ? std::nearbyint(steps) : std::floor(steps + 0.5);
  return std::clamp(d.low + rounded * d.step, d.low, d.high);
}

namespace {

class Random final : public Sampler {
 public:
  explicit Random(const SamplerOptions& options) : uniforms_(options) {}

  double single(Draw& draw, const std::string&, const Distribution& distribution) override {
    return draw_uniform(distribution, [&] { return uniforms_.draw(draw.rng); });
  }

 private:
  Uniforms uniforms_;
};

}  // namespace

std::unique_ptr<Sampler> make_random(const SamplerOptions& options) { return std::make_unique<Random>(options); }

}  // namespace ingot::search
