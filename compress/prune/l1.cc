// Magnitude: |w|, the L1 norm of a single weight (Han, Pool, Tran, Dally 2015: Learning both Weights and Connections
// for Efficient Neural Networks).
#include <cmath>

#include "compress/prune/criterion.h"

namespace ingot::compress {
namespace {

void score(const ScoreCall& call) {
  for (std::size_t i = 0; i < call.scores.size(); ++i) {
    if (call.scores[i] != kPruned) call.scores[i] = std::abs(call.weight[i]);
  }
}

}  // namespace

extern const Criterion kL1;
const Criterion kL1{.name = "l1", .summary = "the smallest |w| first", .score = score};

}  // namespace ingot::compress
