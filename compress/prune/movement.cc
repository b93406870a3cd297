// Movement (Sanh, Wolf, Rush 2020: Movement Pruning: Adaptive Sparsity by Fine-Tuning, section 4): a weight that
// training drives away from 0 matters, however small it is. S = - sum over the steps of w dL/dw: gradient descent moves
// w by -dL/dw, so a term is positive where |w| grows.
#include "compress/prune/criterion.h"

namespace ingot::compress {
namespace {

void follow(const ScoreCall& call) {
  for (std::size_t i = 0; i < call.scores.size(); ++i) call.scores[i] -= call.weight[i] * call.gradient[i];
}

}  // namespace

extern const Criterion kMovement;
const Criterion kMovement{.name = "movement", .summary = "those that training moves towards 0 first", .follow = follow};

}  // namespace ingot::compress
