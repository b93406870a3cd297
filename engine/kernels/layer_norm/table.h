// The rows of layer_norm.cc's table, for dispatch and tests.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"
#include "engine/kernels/dropout/table.h"

namespace ingot::engine::kernels {

// The arguments of layer_norm_forward and layer_norm_backward (layer_norm.h) in plain fields.
struct LayerNormForward {
  std::int64_t n_columns;
  float* x;
  DropoutMask mask;
  const float* residual;
  const float* gamma;
  const float* beta;
  float eps;
  float* y;
  float* mean;
  float* rstd;
};
struct LayerNormBackward {
  std::int64_t n_columns;
  const float* s;
  const float* mean;
  const float* rstd;
  const float* gamma;
  DropoutMask mask;
  const float* dy;
  float* ds;
  float* dx;
};

// Rows first_row .. end_row - 1 of a call.
struct LayerNormRow {
  Isa isa;
  void (*forward)(const LayerNormForward& call, std::int64_t first_row, std::int64_t end_row);
  // Writes the sums over these rows: dgamma[c] of dy (s - mean) rstd, dbeta[c] of dy.
  void (*backward)(const LayerNormBackward& call, std::int64_t first_row, std::int64_t end_row, float* dgamma,
                   float* dbeta);
};

extern const LayerNormRow kLayerNormAvx512, kLayerNormAvx2, kLayerNormReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const LayerNormRow* const> layer_norm_rows();

}  // namespace ingot::engine::kernels
