// Dropout masks as a pure function of (seed, stream, row, column): nothing is stored, the backward pass draws them
// again.
//
// Definition (normative). Element (row, column) takes 16 bits of
//   philox({16 (column / 128) + column % 16, row, stream low, stream high}, seed):
// with s = column % 128 / 16, the half-word s % 2 (0: low) of word s / 2. It is kept when these bits, as an unsigned
// number, are >= threshold = round(65536 p), and then multiplied by 65536 / (65536 - threshold).
// Sixteen neighbouring columns share s, so a vector of them is computed without shuffles.
#pragma once

#include <cstdint>

namespace ingot::engine {

struct Dropout {
  float probability = 0;  // of being set to 0; 0 <= probability < 1; 0: off
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;  // one for each place and step

  std::uint32_t threshold() const { return static_cast<std::uint32_t>(probability * 65536.0 + 0.5); }
  float scale() const { return static_cast<float>(65536.0 / (65536.0 - threshold())); }
};

namespace kernels {

// y[r, c] = x[r, c] * (kept ? scale : 0) for rows first_row .. first_row + n_rows - 1, dense rows of n_columns; x and y
// point at the first of these rows; y may be x. The backward pass is the same function applied to the gradient.
// One thread.
void dropout(const Dropout& dropout, std::int64_t first_row, std::int64_t n_rows, std::int64_t n_columns,
             const float* x, float* y);

// mask[c] = scale or 0 for columns 0 .. n_columns - 1 of one row. One thread.
void dropout_row(const Dropout& dropout, std::int64_t row, std::int64_t n_columns, float* mask);

}  // namespace kernels
}  // namespace ingot::engine
