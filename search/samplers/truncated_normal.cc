#include "search/samplers/truncated_normal.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace ingot::search {
namespace {

constexpr double kLogRootTwoPi = 0.91893853320467274178;  // ln sqrt(2 pi)

// ln cdf(x) for x << 0 by the asymptotic series 1 - 1/x^2 + 3/x^4 - 15/x^6 ... of Mills' ratio (A&S 26.2.12).
double log_cdf_of_tail(double x) {
  double sum = 1, term = 1;
  for (int i = 1; std::abs(term) > std::numeric_limits<double>::epsilon(); ++i) {
    term *= -(2 * i - 1) / (x * x);
    sum += term;
  }
  return -0.5 * x * x - std::log(-x) - kLogRootTwoPi + std::log(sum);
}

// ln(e^p - e^q), p > q.
double log_difference(double p, double q) { return p + std::log1p(-std::exp(q - p)); }

// ln(e^p + e^q)
double log_sum(double p, double q) {
  const double high = std::max(p, q), low = std::min(p, q);
  return low == -std::numeric_limits<double>::infinity() ? high : high + std::log1p(std::exp(low - high));
}

// ln(cdf(b) - cdf(a)) for a < b <= 0.
double log_mass_of_lower_half(double a, double b) {
  const double upper = normal_cdf(b), difference = upper - normal_cdf(a);
  // Where little cancels, the difference of the masses themselves will do.
  if (upper > 1e-290 && difference > 1e-2 * upper) return std::log(difference);
  return log_difference(log_normal_cdf(b), log_normal_cdf(a));
}

// The x with ln cdf(x) = y, by Newton's method: it converges from below the root, where ln cdf is concave.
double quantile_of_log(double y) {
  if (y > -1e-2) return -quantile_of_log(std::log(-std::expm1(y)));  // near 1 by symmetry
  double x = y < -5 ? -std::sqrt(-2 * (y + kLogRootTwoPi))
                    : -std::numbers::sqrt3 / std::numbers::pi * std::log(std::expm1(-y));  // a logistic distribution
  for (int i = 0; i < 100; ++i) {
    const double log_cdf = log_normal_cdf(x);
    const double step = (log_cdf - y) * std::exp(log_cdf + 0.5 * x * x + kLogRootTwoPi);
    x -= step;
    if (std::abs(step) < 1e-8 * std::abs(x)) break;
  }
  return x;
}

double polynomial(const double (&coefficients)[8], double x) {
  double sum = coefficients[7];
  for (int i = 6; i >= 0; --i) sum = sum * x + coefficients[i];
  return sum;
}

// Coefficients of AS 241 (PPND16): numerators and denominators for |p - 1/2| <= 0.425, and for r = sqrt(-ln p) up to 5
// and beyond.
constexpr double kA[] = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
                         1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                         3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr double kB[] = {1.0,
                         4.2313330701600911252e+1,
                         6.8718700749205790830e+2,
                         5.3941960214247511077e+3,
                         2.1213794301586595867e+4,
                         3.9307895800092710610e+4,
                         2.8729085735721942674e+4,
                         5.2264952788528545610e+3};
constexpr double kC[] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                         3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                         2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr double kD[] = {1.0,
                         2.05319162663775882187e0,
                         1.67638483018380384940e0,
                         6.89767334985100004550e-1,
                         1.48103976427480074590e-1,
                         1.51986665636164571966e-2,
                         5.47593808499534494600e-4,
                         1.05075007164441684324e-9};
constexpr double kE[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                         2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                         2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr double kF[] = {1.0,
                         5.99832206555887937690e-1,
                         1.36929880922735805310e-1,
                         1.48753612908506148525e-2,
                         7.86869131145613259100e-4,
                         1.84631831751005468180e-5,
                         1.42151175831644588870e-7,
                         2.04426310338993978564e-15};

}  // namespace

double normal_cdf(double x) { return 0.5 * std::erfc(-x * (1 / std::numbers::sqrt2)); }

double log_normal_cdf(double x) {
  if (x > 6) return -normal_cdf(-x);
  return x > -20 ? std::log(normal_cdf(x)) : log_cdf_of_tail(x);
}

double normal_quantile(double p) {
  if (p <= 0) return -std::numeric_limits<double>::infinity();
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(kA, r) / polynomial(kB, r);
  }
  double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  const double x =
      r <= 5 ? (r -= 1.6, polynomial(kC, r) / polynomial(kD, r)) : (r -= 5, polynomial(kE, r) / polynomial(kF, r));
  return q < 0 ? -x : x;
}

double log_mass(double a, double b) {
  if (b <= 0) return log_mass_of_lower_half(a, b);
  if (a > 0) return log_mass_of_lower_half(-b, -a);
  return std::log1p(-(normal_cdf(a) + normal_cdf(-b)));
}

double truncated_quantile(double q, double a, double b) {
  if (q == 0) return a;
  if (q == 1) return b;
  const double mass = log_mass(a, b);
  const double x = a < 0 ? quantile_of_log(log_sum(log_normal_cdf(a), std::log(q) + mass))
                         : -quantile_of_log(log_sum(log_normal_cdf(-b), std::log1p(-q) + mass));
  return std::clamp(x, a, b);
}

double central_quantile(double q, double cdf_a, double cdf_minus_b) {
  const double mass = 1 - cdf_a - cdf_minus_b;
  const double below = cdf_a + q * mass;
  // The tail is counted from its own end: 1 - p has no digits left there.
  return below <= 0.5 ? normal_quantile(below) : -normal_quantile(cdf_minus_b + (1 - q) * mass);
}

}  // namespace ingot::search
