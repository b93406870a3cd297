// The activations that hardware can compute: one line each in functions.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/kernels/activation/activation.h"
#include "hw/graph/graph.h"

namespace ingot::hw {

//   relu       y = x for x >= 0, else 0
//   slope      y = x for x >= 0, else slope x, requantised to the output format
//   random_*   the same with slopes that a generator draws (random_slopes.h)
//   table      any function of a code of up to kMaxTableWidth bits: a table holds its value for every code
enum class FunctionKind { relu, slope, random_lab, random_uniform, table };

struct Function {
  std::string_view name;
  FunctionKind kind;
  engine::Activation engine_activation = engine::Activation::identity;  // what a table is filled with
};

inline constexpr int kMaxTableWidth = 10;

std::span<const Function> functions();
const Function* find_function(std::string_view name);  // null if there is none
std::string function_names();                          // "relu, leaky_relu, ..."

// Throws Error listing the names if there is no such function.
const Function& function(std::string_view name);
inline const Function& function(const Activation& activation) { return function(activation.function); }

// The output code of f(x) for every input code x, by the bits of x as an unsigned number. The engine's kernel computes
// f in float32, so the table holds exactly what the engine computes.
std::vector<std::int32_t> make_table(engine::Activation f, const FixedPoint& input, const FixedPoint& output);

// The slope of rrelu at inference, (1/8 + 1/3) / 2, as a fixed-point number; rtl/rrelu.sv has the same.
inline constexpr int kEvalSlope = 939, kEvalSlopeFracBits = 12;

}  // namespace ingot::hw
