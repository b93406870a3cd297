// Quantisation over Doubles, written once for every width. A float32 times a power of two is exact in double, and
// bounds that are integers may be applied before R, which is monotone: the steps of fixed_code, lane by lane.
// The including file has brought Doubles.
#pragma once

namespace ingot::engine::kernels {
namespace {

template <Rounding kRounding>
inline Doubles rounded(Doubles a) {
  if constexpr (kRounding == Rounding::nearest_even) return nearest_even(a);
  if constexpr (kRounding == Rounding::floor) return floor(a);
  // Exact, unless a is so small that the sum is 1/2: a of 24 bits that is below 1/2 is at most 1/2 - 2^-25.
  if constexpr (kRounding == Rounding::half_away) return truncate(a + signed_half(a));
}

// step(i, count) for the positions 0, width, 2 width ... below n; count is below width only in the last.
template <class Step>
inline void for_steps(std::int64_t n, const Step& step) {
  std::int64_t i = 0;
  for (; i + Doubles::width <= n; i += Doubles::width) step(i, Doubles::width);
  if (i < n) step(i, static_cast<int>(n - i));
}

template <Rounding kRounding, class Code>
void quantize_span(const QuantizeSpan& span, const float* x, double lowest, double highest, Code* codes) {
  const Doubles below = set1_doubles(lowest), above = set1_doubles(highest), factor = set1_doubles(span.factors[0]);
  const auto codes_of = [&](const float* from, const double* factors) {
    const Doubles scaled = zero_for_nan(load_floats(from) * (span.factor_each ? load_doubles(factors) : factor));
    return rounded<kRounding>(min(above, max(below, scaled)));
  };
  for_steps(span.n, [&](std::int64_t i, int count) {
    if (count == Doubles::width) {
      store_codes(codes + i, codes_of(x + i, span.factors + (span.factor_each ? i : 0)));
      return;
    }
    float from[Doubles::width] = {};
    double factors[Doubles::width] = {};
    Code to[Doubles::width];
    for (int lane = 0; lane < count; ++lane) {
      from[lane] = x[i + lane];
      if (span.factor_each) factors[lane] = span.factors[i + lane];
    }
    store_codes(to, codes_of(from, factors));
    for (int lane = 0; lane < count; ++lane) codes[i + lane] = to[lane];
  });
}

// max and min hand a NaN on; adding 0 makes +0 of -0.
template <Rounding kRounding>
void fake_quantize_span(std::int64_t n, const float* x, double factor, double lowest, double highest, float* y) {
  const Doubles below = set1_doubles(lowest), above = set1_doubles(highest), zero = set1_doubles(0.0);
  const Doubles scale = set1_doubles(factor), unit = set1_doubles(1.0 / factor);
  const auto values_of = [&](const float* from) {
    return (rounded<kRounding>(min(above, max(below, load_floats(from) * scale))) + zero) * unit;
  };
  for_steps(n, [&](std::int64_t i, int count) {
    if (count == Doubles::width) return store_floats(y + i, values_of(x + i));
    float from[Doubles::width] = {}, to[Doubles::width];
    for (int lane = 0; lane < count; ++lane) from[lane] = x[i + lane];
    store_floats(to, values_of(from));
    for (int lane = 0; lane < count; ++lane) y[i + lane] = to[lane];
  });
}

void fake_quantize_row(std::int64_t n, const float* x, double factor, Rounding rounding, double lowest, double highest,
                       float* y) {
  switch (rounding) {
    case Rounding::nearest_even:
      return fake_quantize_span<Rounding::nearest_even>(n, x, factor, lowest, highest, y);
    case Rounding::floor:
      return fake_quantize_span<Rounding::floor>(n, x, factor, lowest, highest, y);
    case Rounding::half_away:
      return fake_quantize_span<Rounding::half_away>(n, x, factor, lowest, highest, y);
  }
}

template <class Code>
void dequantize_span(const QuantizeSpan& span, const Code* codes, float* x) {
  const Doubles factor = set1_doubles(span.factors[0]);
  const auto values_of = [&](const Code* from, const double* factors) {
    return load_codes(from) * (span.factor_each ? load_doubles(factors) : factor);
  };
  for_steps(span.n, [&](std::int64_t i, int count) {
    if (count == Doubles::width) {
      store_floats(x + i, values_of(codes + i, span.factors + (span.factor_each ? i : 0)));
      return;
    }
    Code from[Doubles::width] = {};
    double factors[Doubles::width] = {};
    float to[Doubles::width];
    for (int lane = 0; lane < count; ++lane) {
      from[lane] = codes[i + lane];
      if (span.factor_each) factors[lane] = span.factors[i + lane];
    }
    store_floats(to, values_of(from, factors));
    for (int lane = 0; lane < count; ++lane) x[i + lane] = to[lane];
  });
}

template <class Code>
inline void quantize_type(const QuantizeSpan& span, const float* x, Rounding rounding, double lowest, double highest,
                          Code* codes) {
  switch (rounding) {
    case Rounding::nearest_even:
      return quantize_span<Rounding::nearest_even>(span, x, lowest, highest, codes);
    case Rounding::floor:
      return quantize_span<Rounding::floor>(span, x, lowest, highest, codes);
    case Rounding::half_away:
      return quantize_span<Rounding::half_away>(span, x, lowest, highest, codes);
  }
}

void quantize_row(const QuantizeSpan& span, const float* x, Rounding rounding, double lowest, double highest,
                  void* codes) {
  switch (span.type) {
    case CodeType::s8:
      return quantize_type(span, x, rounding, lowest, highest, static_cast<std::int8_t*>(codes));
    case CodeType::u8:
      return quantize_type(span, x, rounding, lowest, highest, static_cast<std::uint8_t*>(codes));
    case CodeType::s16:
      return quantize_type(span, x, rounding, lowest, highest, static_cast<std::int16_t*>(codes));
    case CodeType::s32:
      return quantize_type(span, x, rounding, lowest, highest, static_cast<std::int32_t*>(codes));
  }
}

void dequantize_row(const QuantizeSpan& span, const void* codes, float* x) {
  switch (span.type) {
    case CodeType::s8:
      return dequantize_span(span, static_cast<const std::int8_t*>(codes), x);
    case CodeType::u8:
      return dequantize_span(span, static_cast<const std::uint8_t*>(codes), x);
    case CodeType::s16:
      return dequantize_span(span, static_cast<const std::int16_t*>(codes), x);
    case CodeType::s32:
      return dequantize_span(span, static_cast<const std::int32_t*>(codes), x);
  }
}

}  // namespace
}  // namespace ingot::engine::kernels
