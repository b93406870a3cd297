// A criterion says how much a weight matters: it gives every weight of a tensor a score. The lowest are pruned first.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace ingot::compress {

// The score of a weight that is pruned already: below every other.
inline constexpr float kPruned = -std::numeric_limits<float>::infinity();

// What a criterion sees of one weight tensor. The scores of pruned weights are kPruned before and must be so after.
struct ScoreCall {
  std::span<const float> weight;
  std::span<const float> gradient;  // of the loss, in follow only
  std::uint64_t seed = 0;           // of the run
  std::uint64_t layer = 0;          // its number in the model
  std::span<float> scores;
};

struct Criterion {
  const char* name;
  const char* summary;
  // Fills in the scores, just before weights are pruned by them.
  void (*score)(const ScoreCall& call) = nullptr;
  // For criteria that learn scores from training, else null: called after the gradients of each step, adds what they
  // say.
  void (*follow)(const ScoreCall& call) = nullptr;
};

// All criteria. Add one in list.cc.
std::span<const Criterion* const> criteria();

// Throws Error that lists the names if there is no such criterion.
const Criterion& criterion_from_name(std::string_view name);

}  // namespace ingot::compress
