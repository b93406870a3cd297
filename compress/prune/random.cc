// Chance: what a criterion must beat. The order in which weights fall is a function of seed, layer and position alone,
// so that masks that grow over a run, or from one run to the next of the same seed, hold each other.
#include "compress/prune/criterion.h"
#include "engine/base/rng.h"

namespace ingot::compress {
namespace {

void score(const ScoreCall& call) {
  engine::Rng rng(call.seed, static_cast<std::uint64_t>(engine::Stream::pruning) << 56 | call.layer);
  for (float& score : call.scores) {
    const auto drawn = static_cast<float>(rng.uniform());  // every position takes its draw, pruned or not
    if (score != kPruned) score = drawn;
  }
}

}  // namespace

extern const Criterion kRandom;
const Criterion kRandom{.name = "random", .summary = "any, from the seed", .score = score};

}  // namespace ingot::compress
