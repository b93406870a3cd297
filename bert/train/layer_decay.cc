// What a trained encoder knows near its input serves every task, what it knows near its output the task that it was
// trained on. So layers near the input are fine-tuned with smaller steps. The idea is ELECTRA's (Clark et al. 2020).
// The exponents are those of BEiT (Bao et al. 2022), one more a layer; ELECTRA's own code has one more than these below
// the head.
#include "bert/train/layer_decay.h"

#include <cmath>

#include "bert/structure.h"

namespace ingot::bert {
namespace {

// From the input: embeddings 0, layers 1 ... L, what stands on them L + 1.
std::int64_t depth(const Part& part, std::int64_t n_layers) {
  if (part.layer >= 0) return part.layer + 1;
  return part.name.starts_with("bert.embeddings.") ? 0 : n_layers + 1;
}

}  // namespace

std::vector<float> layer_rate_factors(const Config& config, double decay) {
  const std::int64_t n_layers = config.num_hidden_layers;
  std::vector<float> factors;
  for (const Part& part : parts(config)) {
    const auto exponent = static_cast<double>(n_layers + 1 - depth(part, n_layers));
    factors.insert(factors.end(), parameter_specs(part).size(), static_cast<float>(std::pow(decay, exponent)));
  }
  return factors;
}

}  // namespace ingot::bert
