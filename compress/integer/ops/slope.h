// x for x >= 0, else slope x: the data of leaky ReLU and of RReLU, whose slopes may be drawn.
#pragma once

#include <cstdint>

#include "compress/integer/operation.h"

namespace ingot::compress {

// Negative numbers are multiplied by slope 2^-frac_bits and requantised.
struct Slope {
  int slope = 0, frac_bits = 0;
};

// Negative numbers are multiplied by slopes that a generator draws (random_slopes.h).
struct RandomSlope {
  bool is_lab = false;  // as the lab drew them; else uniform
  std::uint32_t seed = 0;
};

// The slope of rrelu at inference, (1/8 + 1/3) / 2, as a fixed-point number; rtl/rrelu.sv has the same.
inline constexpr int kEvalSlope = 939, kEvalSlopeFracBits = 12;

// The output code of the input code x.
std::int32_t sloped(std::int32_t x, std::int64_t slope, int frac_bits, const FixedPoint& output,
                    engine::Rounding rounding);

// Parts of rows whose data is a Slope.
std::unique_ptr<Evaluator> slope_evaluator(const Layer& layer);
void write_slope(const Layer& layer, engine::Json& object);
std::any read_slope(Fields& fields, const Layer& layer);

}  // namespace ingot::compress
