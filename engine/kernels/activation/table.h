// The rows of activation.cc's table, for dispatch and tests.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/isa.h"
#include "engine/kernels/activation/activation.h"

namespace ingot::engine::kernels {

struct ActivationRow {
  Isa isa;
  void (*forward)(Activation activation, std::int64_t n, const float* x, float* y);
  void (*backward)(Activation activation, std::int64_t n, const float* x, const float* dy, float* dx);
};

extern const ActivationRow kActivationAvx512, kActivationAvx2, kActivationReference;

// Best first, the reference last; includes rows that this machine cannot run.
std::span<const ActivationRow* const> activation_rows();

}  // namespace ingot::engine::kernels
