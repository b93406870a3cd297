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
inline Doubles load_some(const std::int32_t* p, int count) {
  if (count == Doubles::width) return load_codes(p);
  std::int32_t codes[Doubles::width] = {};
  for (int lane = 0; lane < count; ++lane) codes[lane] = p[lane];
  return load_codes(codes);
}

inline void store_some(std::int32_t* p, Doubles a, int count) {
  if (count == Doubles::width) return store_codes(p, a);
  std::int32_t codes[Doubles::width];
  store_codes(codes, a);
  for (int lane = 0; lane < count; ++lane) p[lane] = codes[lane];
}

void normalise_row(const IntegerNorm& norm, const std::int32_t* x, std::int32_t* y) {
  Doubles sums = set1_doubles(0), squares = set1_doubles(0);
  for_steps(norm.n, [&](std::int64_t i, int count) {
    const Doubles v = load_some(x + i, count);
    sums = sums + v;
    squares = fma(v, v, squares);
  });
  const auto sum = static_cast<std::int64_t>(lane_sum(sums));
  const std::int64_t variance = norm.n * static_cast<std::int64_t>(lane_sum(squares)) - sum * sum + norm.epsilon;
  const InverseRoot root = variance > 0 ? inverse_root(variance, norm.root_table) : InverseRoot{0, -32};
  const Doubles n = set1_doubles(static_cast<double>(norm.n)), mean = set1_doubles(-static_cast<double>(sum)),
                c = set1_doubles(__builtin_ldexp(static_cast<double>(root.c), root.exponent + norm.z_frac_bits)),
                beta_unit = set1_doubles(__builtin_ldexp(1.0, norm.beta_left)),
                unit = set1_doubles(__builtin_ldexp(1.0, -norm.shift)),
                below = set1_doubles(static_cast<double>(norm.range.lowest)),
                above = set1_doubles(static_cast<double>(norm.range.highest));
  for_steps(norm.n, [&](std::int64_t i, int count) {
    const Doubles z = nearest_even(fma(n, load_some(x + i, count), mean) * c);
    const Doubles product = fma(z, load_some(norm.gamma + i, count), load_some(norm.beta + i, count) * beta_unit);
    store_some(y + i, min(above, max(below, nearest_even(product * unit))), count);
  });
}

void normalise(const IntegerNorm& norm, std::int64_t m, const std::int32_t* x, std::int32_t* y) {
  for (std::int64_t row = 0; row < m; ++row) normalise_row(norm, x + row * norm.n, y + row * norm.n);
}

}  // namespace
}  // namespace ingot::engine::kernels
