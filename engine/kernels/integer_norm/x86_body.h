// Every step of the definition in Doubles, which hold all of its numbers (fits_doubles) and round as R does: the bits
// of the reference. The including file has brought Doubles.
#pragma once

namespace ingot::engine::kernels {
namespace {

// step(i, count) for the positions 0, width, 2 width ... below n; count is below width only in the last.
template <class Step>
inline void for_steps(std::int64_t n, const Step& step) {
  std::int64_t i = 0;
  for (; i + Doubles::width <= n; i += Doubles::width) step(i, Doubles::width);
  if (i < n) step(i, static_cast<int>(n - i));
}

// The first `count` codes, zeros behind them.
template <class Code>
inline Doubles load_some(const Code* p, int count) {
  if (count == Doubles::width) return load_codes(p);
  Code codes[Doubles::width] = {};
  for (int lane = 0; lane < count; ++lane) codes[lane] = p[lane];
  return load_codes(codes);
}

template <class Code>
inline void store_some(Code* p, Doubles a, int count) {
  if (count == Doubles::width) return store_codes(p, a);
  Code codes[Doubles::width];
  store_codes(codes, a);
  for (int lane = 0; lane < count; ++lane) p[lane] = codes[lane];
}

constexpr std::int64_t kGroup = 8;  // rows that share what is loaded of gamma and beta

// Of rows: the sum and the inverse root, in doubles.
struct RowSums {
  double sum[kGroup], root[kGroup];
};

template <class X>
inline void sum_row(const IntegerNorm& norm, const X* x, std::int64_t row, RowSums& rows) {
  Doubles sums = set1_doubles(0), squares = set1_doubles(0);
  for_steps(norm.n, [&](std::int64_t i, int count) {
    const Doubles v = load_some(x + i, count);
    sums = sums + v;
    squares = fma(v, v, squares);
  });
  const auto sum = static_cast<std::int64_t>(lane_sum(sums));
  const std::int64_t variance = norm.n * static_cast<std::int64_t>(lane_sum(squares)) - sum * sum + norm.epsilon;
  const InverseRoot root = variance > 0 ? fast_inverse_root(variance, norm.root_table) : InverseRoot{0, -32};
  rows.sum[row] = static_cast<double>(sum);
  rows.root[row] = __builtin_ldexp(static_cast<double>(root.c), root.exponent + norm.z_frac_bits);
}

template <class X, class Y>
inline void normalise_group(const IntegerNorm& norm, std::int64_t m, const X* x, Y* y) {
  RowSums rows;
  for (std::int64_t row = 0; row < m; ++row) sum_row(norm, x + row * norm.n, row, rows);
  const Doubles n = set1_doubles(static_cast<double>(norm.n)),
                beta_unit = set1_doubles(__builtin_ldexp(1.0, norm.beta_left)),
                unit = set1_doubles(__builtin_ldexp(1.0, -norm.shift)),
                below = set1_doubles(static_cast<double>(norm.range.lowest)),
                above = set1_doubles(static_cast<double>(norm.range.highest));
  for_steps(norm.n, [&](std::int64_t i, int count) {
    const Doubles gamma = load_some(norm.gamma + i, count), beta = load_some(norm.beta + i, count) * beta_unit;
    for (std::int64_t row = 0; row < m; ++row) {
      const Doubles deviation = fma(n, load_some(x + row * norm.n + i, count), set1_doubles(-rows.sum[row])),
                    z = nearest_even(deviation * set1_doubles(rows.root[row]));
      store_some(y + row * norm.n + i, min(above, max(below, nearest_even(fma(z, gamma, beta) * unit))), count);
    }
  });
}

template <class X, class Y>
void normalise_rows(const IntegerNorm& norm, std::int64_t m, const void* x, void* y) {
  for (std::int64_t row = 0; row < m; row += kGroup)
    normalise_group(norm, m - row < kGroup ? m - row : kGroup, static_cast<const X*>(x) + row * norm.n,
                    static_cast<Y*>(y) + row * norm.n);
}

template <class X>
void normalise_from(const IntegerNorm& norm, std::int64_t m, const void* x, void* y) {
  switch (norm.to) {
    case CodeType::s8:
      return normalise_rows<X, std::int8_t>(norm, m, x, y);
    case CodeType::u8:
      return normalise_rows<X, std::uint8_t>(norm, m, x, y);
    case CodeType::s16:
      return normalise_rows<X, std::int16_t>(norm, m, x, y);
    case CodeType::s32:
      return normalise_rows<X, std::int32_t>(norm, m, x, y);
  }
}

void normalise(const IntegerNorm& norm, std::int64_t m, const void* x, void* y) {
  switch (norm.from) {
    case CodeType::s8:
      return normalise_from<std::int8_t>(norm, m, x, y);
    case CodeType::u8:
      return normalise_from<std::uint8_t>(norm, m, x, y);
    case CodeType::s16:
      return normalise_from<std::int16_t>(norm, m, x, y);
    case CodeType::s32:
      return normalise_from<std::int32_t>(norm, m, x, y);
  }
}

}  // namespace
}  // namespace ingot::engine::kernels
