// The rows of cross_entropy.cc's table, for dispatch and tests.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"

namespace ingot::engine::kernels {

// The sums of one row of logits. The label's own term is kept out of them, so that no digits are lost when the label
// has nearly all the probability.
struct SoftmaxSums {
  float maximum;  // of the logits
  double others;  // sum of exp(logit - maximum) over all classes but the label
};

struct CrossEntropyRow {
  Isa isa;
  // If exponentials is not null: exponentials[c] = exp(logits[c] - maximum) for c != label; it may be logits.
  SoftmaxSums (*sums)(std::int64_t n_classes, const float* logits, std::int32_t label, float* exponentials);
  void (*scale)(std::int64_t n, float factor, float* x);  // x[i] *= factor
};

extern const CrossEntropyRow kCrossEntropyAvx512, kCrossEntropyAvx2, kCrossEntropyReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const CrossEntropyRow* const> cross_entropy_rows();

// One row of logits: its loss; its gradient, unless null, as cross_entropy() defines it.
float cross_entropy_of_row(const CrossEntropyRow& kernels, std::int64_t n_classes, const float* logits,
                           std::int32_t label, float weight, float* gradient);

}  // namespace ingot::engine::kernels
