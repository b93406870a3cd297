#include "engine/kernels/adamw/adamw.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/threads.h"
#include "engine/kernels/adamw/table.h"
#include "engine/kernels/dispatch.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kGrain = 1 << 14;     // elements of an update that one thread takes at a time
constexpr std::int64_t kSumGrain = 1 << 16;  // elements of a partial sum: part of the definition of the result

constexpr const AdamWRow* kRows[] = {
#if defined(__x86_64__)
    &kAdamWAvx512,
    &kAdamWAvx2,
#endif
    &kAdamWReference,
};

}  // namespace

std::span<const AdamWRow* const> adamw_rows() { return kRows; }

AdamWFactors adamw_factors(const AdamWStep& step) {
  return {
      .gradient_scale = static_cast<float>(step.gradient_scale),
      .keep_weight = static_cast<float>(1 - step.learning_rate * step.weight_decay),
      .keep_first = static_cast<float>(step.beta1),
      .add_first = static_cast<float>(1 - step.beta1),
      .keep_second = static_cast<float>(step.beta2),
      .add_second = static_cast<float>(1 - step.beta2),
      .root_correction2 = static_cast<float>(std::sqrt(step.correction2)),
      .eps = static_cast<float>(step.eps),
      .step = static_cast<float>(step.learning_rate / step.correction1),
  };
}

void adamw(const AdamWStep& step, std::int64_t n, const float* gradient, float* weight, float* first_moment,
           float* second_moment) {
  const AdamWRow& row = active_row(adamw_rows());
  const AdamWFactors factors = adamw_factors(step);
  parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    row.update(factors, end - begin, gradient + begin, weight + begin, first_moment + begin, second_moment + begin);
  });
}

void adamw_some_rows(const AdamWStep& step, std::span<const std::int32_t> rows, std::int64_t n_columns,
                     const float* gradient, float* weight, float* first_moment, float* second_moment) {
  const AdamWRow& row = active_row(adamw_rows());
  const AdamWFactors factors = adamw_factors(step);
  const auto n_rows = static_cast<std::int64_t>(rows.size());
  parallel_for(n_rows, std::max<std::int64_t>(1, kGrain / n_columns), [&](std::int64_t begin, std::int64_t end) {
    for (const std::int32_t r : rows.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin))) {
      const std::int64_t at = r * n_columns;
      row.update(factors, n_columns, gradient + at, weight + at, first_moment + at, second_moment + at);
    }
  });
}

double sum_of_squares(std::int64_t n, const float* x) {
  const AdamWRow& row = active_row(adamw_rows());
  thread_local std::vector<double> scratch;
  scratch.resize(static_cast<std::size_t>((n + kSumGrain - 1) / kSumGrain));
  double* partial = scratch.data();
  parallel_for(n, kSumGrain, [&](std::int64_t begin, std::int64_t end) {
    partial[begin / kSumGrain] = row.sum_of_squares(end - begin, x + begin);
  });
  double sum = 0;
  for (const double chunk : scratch) sum += chunk;
  return sum;
}

}  // namespace ingot::engine::kernels
