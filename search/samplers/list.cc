#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/base/named.h"
#include "search/samplers/sampler.h"

namespace ingot::search {
namespace {

// One file, one line: add a sampler here.
constexpr SamplerKind kKinds[] = {
    {"tpe", "tree-structured Parzen estimators: like the good trials, unlike the others", make_tpe},
    {"random", "uniform over the space", make_random},
    {"grid", "every combination of listed values once, in random order", make_grid},
};

}  // namespace

std::span<const SamplerKind> sampler_kinds() { return kKinds; }

std::unique_ptr<Sampler> make_sampler(const std::string& name, const SamplerOptions& options) {
  engine::require(options.startup_trials >= 0, "sampler: startup trials must be at least 0, got {}",
                  options.startup_trials);
  engine::require(options.candidates >= 1, "sampler: candidates must be at least 1, got {}", options.candidates);
  engine::require(options.stream != StreamKind::numpy || options.seed < (std::uint64_t{1} << 32),
                  "sampler: a seed of NumPy's stream must be below 2^32, got {}", options.seed);
  return engine::row_named(kKinds, name, "sampler: must be one of {}, got '{}'").make(options);
}

}  // namespace ingot::search
