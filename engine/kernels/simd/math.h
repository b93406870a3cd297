// Functions over Vec, written once for every width; NaN gives NaN. Include after simd/avx2.h or simd/avx512.h.
#pragma once

namespace ingot::engine {
namespace {

// e^x within 2 ulp for x >= -87; below that it is clamped to e^-87 (1.6e-38), above 88 to e^88.
// e^x = 2^n e^r with n = round(x / ln 2), |r| <= ln 2 / 2, and the degree-6 Taylor polynomial of Cephes' expf for e^r.
inline Vec exp(Vec x) {
  x = min(set1(88.0f), max(set1(-87.0f), x));
  const Vec n = round(x * set1(1.44269504088896341f));
  Vec r = negative_fma(n, set1(0.693359375f), x);
  r = negative_fma(n, set1(-2.12194440e-4f), r);
  Vec p = set1(1.9875691500e-4f);
  p = fma(p, r, set1(1.3981999507e-3f));
  p = fma(p, r, set1(8.3334519073e-3f));
  p = fma(p, r, set1(4.1665795894e-2f));
  p = fma(p, r, set1(1.6666665459e-1f));
  p = fma(p, r, set1(5.0000001201e-1f));
  p = fma(p, r * r, r + set1(1.0f));
  return scale_by_power(p, n);
}

// tanh x by the rational minimax approximation x P(x^2) / Q(x^2) on |x| <= 7.9988, where it reaches 1 (coefficients of
// Eigen's float tanh): absolute error below 3e-7, relative error below 5e-7 for normal results.
inline Vec tanh(Vec x) {
  x = min(set1(7.99881172180175781f), max(set1(-7.99881172180175781f), x));
  const Vec x2 = x * x;
  Vec p = set1(-2.76076847742355e-16f);
  p = fma(p, x2, set1(2.00018790482477e-13f));
  p = fma(p, x2, set1(-8.60467152213735e-11f));
  p = fma(p, x2, set1(5.12229709037114e-08f));
  p = fma(p, x2, set1(1.48572235717979e-05f));
  p = fma(p, x2, set1(6.37261928875436e-04f));
  p = fma(p, x2, set1(4.89352455891786e-03f));
  Vec q = set1(1.19825839466702e-06f);
  q = fma(q, x2, set1(1.18534705686654e-04f));
  q = fma(q, x2, set1(2.26843463243900e-03f));
  q = fma(q, x2, set1(4.89352518554385e-03f));
  return x * p / q;
}

// erf x by the rational minimax approximation x P(x^2) / Q(x^2) on |x| <= 4 (coefficients of Eigen's and XLA's float
// erf): absolute error below 4e-7.
inline Vec erf(Vec x) {
  x = min(set1(4.0f), max(set1(-4.0f), x));
  const Vec x2 = x * x;
  Vec p = set1(-2.72614225801306e-10f);
  p = fma(p, x2, set1(2.77068142495902e-08f));
  p = fma(p, x2, set1(-2.10102402082508e-06f));
  p = fma(p, x2, set1(-5.69250639462346e-05f));
  p = fma(p, x2, set1(-7.34990630326855e-04f));
  p = fma(p, x2, set1(-2.95459980854025e-03f));
  p = fma(p, x2, set1(-1.60960333262415e-02f));
  Vec q = set1(-1.45660718464996e-05f);
  q = fma(q, x2, set1(-2.13374055278905e-04f));
  q = fma(q, x2, set1(-1.68282697438203e-03f));
  q = fma(q, x2, set1(-7.37332916720468e-03f));
  q = fma(q, x2, set1(-1.42647390514189e-02f));
  return x * p / q;
}

}  // namespace
}  // namespace ingot::engine
