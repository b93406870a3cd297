// The rows of adamw.cc's table, for dispatch and tests.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"
#include "engine/kernels/adamw/adamw.h"

namespace ingot::engine::kernels {

// The factors of one step as the operations on floats take them.
struct AdamWFactors {
  float gradient_scale;
  float keep_weight;                  // 1 - learning_rate weight_decay
  float keep_first, add_first;        // beta1, 1 - beta1
  float keep_second, add_second;      // beta2, 1 - beta2
  float root_correction2, eps, step;  // step: learning_rate / correction1
};

struct AdamWRow {
  Isa isa;
  void (*update)(const AdamWFactors& factors, std::int64_t n, const float* gradient, float* weight, float* first_moment,
                 float* second_moment);
  // One chunk: sixteen sums, element i in sum i % 16, added by halves (i with i + 8, then i + 4, i + 2, i + 1).
  double (*sum_of_squares)(std::int64_t n, const float* x);
};

extern const AdamWRow kAdamWAvx512, kAdamWAvx2, kAdamWReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const AdamWRow* const> adamw_rows();

AdamWFactors adamw_factors(const AdamWStep& step);

}  // namespace ingot::engine::kernels
