// Reverse-mode differentiation of single numbers: each operation writes down its result's slopes in its operands, and
// one sweep backward multiplies them out (Griewank, Walther: Evaluating Derivatives, 2008, chapter 3). It knows the
// derivatives of +, *, exp and their like, and of no layer.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>
#include <type_traits>
#include <vector>

namespace ingot::oracle {

template <class Real>
struct Number {
  Real value = 0;
  std::int32_t place = -1;  // on the tape; -1: a constant

  Number(Real v = 0) : value(v) {}
  friend Number operator+(Number a, Number b) { return record(a.value + b.value, a, 1, b, 1); }
  friend Number operator-(Number a, Number b) { return record(a.value - b.value, a, 1, b, -1); }
  friend Number operator*(Number a, Number b) { return record(a.value * b.value, a, b.value, b, a.value); }
  friend Number operator/(Number a, Number b) {
    const Real y = a.value / b.value;
    return record(y, a, 1 / b.value, b, -y / b.value);
  }
};

template <class Real>
struct Tape {
  struct Operand {
    std::int32_t place;
    Real slope;
  };
  std::vector<std::array<Operand, 2>> entries;

  static Tape& current() {
    static thread_local Tape tape;
    return tape;
  }
};

// A result with these slopes in its operands.
template <class Real>
Number<Real> record(Real value, Number<Real> a, std::type_identity_t<Real> a_slope, Number<Real> b = {},
                    std::type_identity_t<Real> b_slope = 0) {
  Number<Real> y(value);
  if (a.place < 0 && b.place < 0) return y;
  auto& entries = Tape<Real>::current().entries;
  y.place = static_cast<std::int32_t>(entries.size());
  entries.push_back({{{a.place, a_slope}, {b.place, b_slope}}});
  return y;
}

// 0 in the place of x, whatever x is.
template <class Real>
Number<Real> nothing(Number<Real> x) {
  return record<Real>(0, x, 0);
}

// A number by which results are differentiated.
template <class Real>
Number<Real> variable(Real value) {
  Number<Real> x(value);
  x.place = static_cast<std::int32_t>(Tape<Real>::current().entries.size());
  Tape<Real>::current().entries.push_back({{{-1, 0}, {-1, 0}}});
  return x;
}

// d root / d x for each x on the tape, by its place; none where the root was computed without x.
template <class Real>
std::vector<std::optional<Real>> slopes(Number<Real> root) {
  const auto& entries = Tape<Real>::current().entries;
  std::vector<std::optional<Real>> of(entries.size());
  if (root.place >= 0) of[static_cast<std::size_t>(root.place)] = 1;
  for (std::size_t i = of.size(); i-- > 0;) {
    for (const auto& [place, slope] : entries[i]) {
      if (place < 0 || !of[i]) continue;
      std::optional<Real>& sum = of[static_cast<std::size_t>(place)];
      sum = sum.value_or(0) + *of[i] * slope;
    }
  }
  return of;
}

template <class Real>
Number<Real> exp(Number<Real> x) {
  const Real y = std::exp(x.value);
  return record(y, x, y);
}
template <class Real>
Number<Real> log(Number<Real> x) {
  return record(std::log(x.value), x, 1 / x.value);
}
template <class Real>
Number<Real> sqrt(Number<Real> x) {
  const Real y = std::sqrt(x.value);
  return record(y, x, 1 / (2 * y));
}
template <class Real>
Number<Real> tanh(Number<Real> x) {
  const Real y = std::tanh(x.value);
  return record(y, x, 1 - y * y);
}
template <class Real>
Number<Real> erf(Number<Real> x) {
  const Real slope = 2 * std::numbers::inv_sqrtpi_v<Real> * std::exp(-x.value * x.value);
  return record(std::erf(x.value), x, slope);
}

}  // namespace ingot::oracle
