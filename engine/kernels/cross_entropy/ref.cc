#include <cmath>

#include "engine/kernels/cross_entropy/table.h"

namespace ingot::engine::kernels {
namespace {

SoftmaxSums softmax_sums(std::int64_t n_classes, const float* logits, std::int32_t label, float* exponentials) {
  float maximum = logits[0];
  for (std::int64_t c = 1; c < n_classes; ++c) {
    if (logits[c] > maximum) maximum = logits[c];
  }
  double others = 0;
  for (std::int64_t c = 0; c < n_classes; ++c) {
    if (c == label) continue;
    const double exponential = std::exp(static_cast<double>(logits[c]) - maximum);
    if (exponentials != nullptr) exponentials[c] = static_cast<float>(exponential);
    others += exponential;
  }
  return {maximum, others};
}

void scale(std::int64_t n, float factor, float* x) {
  for (std::int64_t i = 0; i < n; ++i) x[i] *= factor;
}

}  // namespace

extern const CrossEntropyRow kCrossEntropyReference{.isa = Isa::reference, .sums = softmax_sums, .scale = scale};

}  // namespace ingot::engine::kernels
