#include "engine/kernels/cross_entropy/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "engine/base/threads.h"
#include "engine/kernels/cross_entropy/table.h"
#include "engine/kernels/dispatch.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kGrain = 1 << 15;  // logits that one thread takes at a time

constexpr const CrossEntropyRow* kRows[] = {
#if defined(__x86_64__)
    &kCrossEntropyAvx512,
    &kCrossEntropyAvx2,
#endif
    &kCrossEntropyReference,
};

}  // namespace

std::span<const CrossEntropyRow* const> cross_entropy_rows() { return kRows; }

// With z = logits - maximum, E = exp(z[label]) and S the sum of the other exponentials: loss = log(E + S) - z[label],
// and the gradient at the label is -weight S / (E + S). Where the label has the largest logit, E = 1 and the loss is
// log1p(S), exact to the last digits even for S = 1e-10.
float cross_entropy_of_row(const CrossEntropyRow& kernels, std::int64_t n_classes, const float* logits,
                           std::int32_t label, float weight, float* gradient) {
  if (label == kIgnoredLabel) {
    if (gradient != nullptr) std::fill_n(gradient, n_classes, 0.0f);
    return 0;
  }
  const double label_logit = logits[label];
  const SoftmaxSums sums = kernels.sums(n_classes, logits, label, gradient);
  const double z = label_logit - sums.maximum;
  const double total = sums.others + std::exp(z);
  if (gradient != nullptr) {
    gradient[label] = 0;
    kernels.scale(n_classes, static_cast<float>(weight / total), gradient);
    gradient[label] = static_cast<float>(-weight * sums.others / total);
  }
  return static_cast<float>(z == 0 ? std::log1p(sums.others) : std::log(total) - z);
}

void cross_entropy(std::int64_t n_rows, std::int64_t n_classes, const float* logits, const std::int32_t* labels,
                   float weight, float* losses, float* gradient) {
  const CrossEntropyRow& kernels = active_row(cross_entropy_rows());
  parallel_for(n_rows, std::max<std::int64_t>(1, kGrain / n_classes), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      float* row_gradient = gradient == nullptr ? nullptr : gradient + r * n_classes;
      losses[r] = cross_entropy_of_row(kernels, n_classes, logits + r * n_classes, labels[r], weight, row_gradient);
    }
  });
}

}  // namespace ingot::engine::kernels
