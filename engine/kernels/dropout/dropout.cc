#include "engine/kernels/dropout/dropout.h"

#include <algorithm>

#include "engine/kernels/dispatch.h"
#include "engine/kernels/dropout/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr const DropoutRow* kRows[] = {
#if defined(__x86_64__)
    &kDropoutAvx512,
    &kDropoutAvx2,
#endif
    &kDropoutReference,
};

}  // namespace

DropoutMask mask_of(const Dropout& dropout) {
  return {dropout.seed, dropout.stream, dropout.threshold(), dropout.scale()};
}

std::span<const DropoutRow* const> dropout_rows() { return kRows; }

void dropout(const Dropout& dropout, std::int64_t first_row, std::int64_t n_rows, std::int64_t n_columns,
             const float* x, float* y) {
  const DropoutMask mask = mask_of(dropout);
  if (mask.threshold > 0) return active_row(dropout_rows()).multiply(mask, first_row, n_rows, n_columns, x, y);
  if (x != y) std::copy_n(x, n_rows * n_columns, y);
}

void dropout_row(const Dropout& dropout, std::int64_t row, std::int64_t n_columns, float* mask) {
  active_row(dropout_rows()).multipliers(mask_of(dropout), row, n_columns, mask);
}

}  // namespace ingot::engine::kernels
