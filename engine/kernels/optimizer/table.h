// The rows of adamw.cc's table, for dispatch and tests.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"
#include "engine/kernels/optimizer/adamw.h"

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
  void (*adamw)(const AdamWFactors& factors, std::int64_t n, const float* gradient, float* weight, float* first_moment,
                float* second_moment);
  // One chunk: sixteen sums, element i in sum i % 16, added by halves (i with i + 8, then i + 4, i + 2, i + 1).
  double (*sum_of_squares)(std::int64_t n, const float* x);
};

std::span<const AdamWRow> adamw_rows();
AdamWFactors adamw_factors(const AdamWStep& step);

void adamw_ref(const AdamWFactors& factors, std::int64_t n, const float* gradient, float* weight, float* first_moment,
               float* second_moment);
void adamw_avx2(const AdamWFactors& factors, std::int64_t n, const float* gradient, float* weight, float* first_moment,
                float* second_moment);
void adamw_avx512(const AdamWFactors& factors, std::int64_t n, const float* gradient, float* weight,
                  float* first_moment, float* second_moment);

double sum_of_squares_ref(std::int64_t n, const float* x);
double sum_of_squares_avx2(std::int64_t n, const float* x);
double sum_of_squares_avx512(std::int64_t n, const float* x);

}  // namespace ingot::engine::kernels
