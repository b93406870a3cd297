// The normal distribution cut off at both ends: the mass between two points, and quantiles. Standard units: points are
// (x - mean) / deviation. Formulas: Abramowitz and Stegun, 26.2.12 (tail of the normal); Wichura, AS 241 (quantile).
#pragma once

namespace ingot::search {

double normal_cdf(double x);
double log_normal_cdf(double x);  // exact to rounding far into the lower tail, where normal_cdf is 0

// Quantile of the standard normal; p in [0, 1), -infinity for 0. Relative error about 1e-15 (AS 241).
double normal_quantile(double p);

// ln(cdf(b) - cdf(a)) without cancellation; a < b.
double log_mass(double a, double b);

// The point below which lies the share q, in [0, 1], of the mass between a and b. Relative error below 1e-8.
double truncated_quantile(double q, double a, double b);

// The same for a <= 0 <= b, where the mass lies about the middle, with cdf(a) and cdf(-b) at hand.
double central_quantile(double q, double cdf_a, double cdf_minus_b);

}  // namespace ingot::search
