// Fixed point: the format that integer kernels and hardware execute.
#pragma once

#include <optional>

#include "compress/formats/format.h"
#include "engine/base/fixed_point.h"

namespace ingot::compress {

struct FixedPoint {
  int width, frac_bits;
  bool is_signed;
  std::optional<engine::Rounding> rounding;  // none: stochastic

  engine::CodeRange codes() const { return engine::code_range(width, is_signed); }

  friend bool operator==(const FixedPoint&, const FixedPoint&) = default;
};

// What `format` says, if it is fixed(...) or ufixed(...).
std::optional<FixedPoint> as_fixed(const Format& format);

// The same fixed-point format with other fraction bits, between -95 and 126.
Format with_frac_bits(const Format& format, int frac_bits);

}  // namespace ingot::compress
