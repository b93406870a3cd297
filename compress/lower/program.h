// A trained fixed-point model as integers: for each Linear whose input and weight are fixed point the codes, the
// formats of its edges and the bounds of its sums. It is plain data; integer_model.h runs it.
//
// A layer computes, in integers and without rounding, the sums s[j] = sum over p of x[p] w[j,p] of codes, which have
// input.frac_bits + weight_frac_bits[j] fraction bits. Then, as engine/kernels/exact_gemm has it,
//
//   y[j] = float32(double(s[j] 2^-frac_bits) + double(bias[j])),   output code = R(y[j] 2^output.frac_bits), saturated.
//
// If the bias is fixed point and sums and bias together stay within 2^24 of the finer of their units, y is exact, and
// the code is requantize(sum, shift) of engine/base/fixed_point.h: what hardware computes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compress/compression.h"
#include "compress/formats/fixed.h"
#include "compress/integer/ops/linear.h"

namespace ingot::compress {

inline constexpr int kMaxLoweredWidth = 16;  // of inputs and weights

struct IntegerLinear {
  std::string name;           // as in Model::linears()
  FixedPoint input;           // how inputs become codes
  bool sparse_input = false;  // first the smallest of each row are set to 0
  Linear linear;              // without bias, which is below as the model adds it
  std::vector<float> bias;    // [n] as it is added: the values of its codes, if it has some
  std::optional<FixedPoint> bias_format;
  std::vector<std::int64_t> bias_codes;  // [n] if bias_format; fraction bits as below
  std::vector<int> bias_frac_bits;       // [n] if bias_format
  std::optional<FixedPoint> output;      // of the sums with bias, before an activation
  std::vector<int> shifts;               // [n] if output: fraction bits that a sum has more than its output
  std::int64_t bound = 0;                // no partial sum of products is larger in magnitude

  int sum_frac_bits(std::int64_t channel) const {
    return input.frac_bits + linear.weight_frac_bits[static_cast<std::size_t>(channel)];
  }
  engine::CodeRange weight_codes() const { return engine::code_range(linear.weight_width, true); }
};

// A Linear that stays float, and the reason: the end of a sentence that begins with its name.
struct FloatLinear {
  std::string name, reason;
};

struct IntegerProgram {
  std::vector<IntegerLinear> layers;  // in the order of Model::linears()
  std::vector<FloatLinear> left;
};

// The program of a model that computes with `compression`: attached, or its weights and biases quantised already.
// Throws Error if a weight is not a multiple of its unit after all, as in a model with another compression.
IntegerProgram lower(bert::Model& model, const Compression& compression);

}  // namespace ingot::compress
