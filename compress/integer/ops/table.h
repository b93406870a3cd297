// Any function of a code of few bits: a table holds its value for every code.
#pragma once

#include <cstdint>
#include <vector>

#include "compress/integer/operation.h"
#include "engine/kernels/activation/activation.h"

namespace ingot::compress {

struct Table {
  std::vector<std::int32_t> codes;  // of the output, by the bits of the input code as an unsigned number
};

inline constexpr int kMaxTableWidth = 10;  // bits of the input

// The output code of f(x) for every input code x. The engine's kernel computes f in float32, so the table holds exactly
// what the engine computes.
std::vector<std::int32_t> make_table(engine::Activation f, const FixedPoint& input, const FixedPoint& output);

}  // namespace ingot::compress
