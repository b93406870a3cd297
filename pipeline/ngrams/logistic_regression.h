// L2 logistic regression of two classes on a sparse matrix whose columns are scaled:
//
//   F(w, b) = c sum_i log(1 + exp(-s_i z_i)) + |w|^2 / 2,   z = X R w + b,   s_i = 1 or -1,   R = diag(scales),
//
// the objective of scikit-learn's LogisticRegression: the bias b has no penalty.
//
// Columns are millions, rows are tens of thousands. Every gradient is (X R)' u + w for some u with an entry a row, so
// from w = 0 on all that L-BFGS forms lies in the span of the rows: a vector v = (X R)' a is kept as its coefficients a
// and its products X R v. A scalar product is then one over rows (v1 . v2 = a1 . X R v2), sums act on both parts, and
// margins along a direction are known without the matrix. The matrix is read twice an iteration, once by columns and
// once by rows. The iterates are those of L-BFGS on w itself, but for rounding.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "pipeline/ngrams/design.h"

namespace ingot::pipeline {

// A point (v, bias) with v = (X R)' coefficients.
struct RowVector {
  std::vector<double> coefficients, products;  // [n_rows]; products = X R v, without the bias
  double bias = 0;
};

double dot(const RowVector& a, const RowVector& b);

// y += factor x
void add(RowVector& y, double factor, const RowVector& x);

class LogisticRegression {
 public:
  // `scales`: [n_columns]; `positive`: [n_rows], 1 for s = 1, 0 for s = -1. Keeps references to all.
  LogisticRegression(const Design& x, std::span<const double> scales, std::span<const std::uint8_t> positive, double c);

  RowVector at(std::vector<double> coefficients, double bias) const;
  double loss(const RowVector& point) const;         // F
  RowVector gradient(const RowVector& point) const;  // of F

  struct Solution {
    std::vector<double> weights;  // R w, [n_columns]: what a margin is the sum of
    double bias = 0, loss = 0;
    int n_iterations = 0;
  };
  // L-BFGS (Nocedal and Wright, Numerical Optimization, 2nd ed., algorithms 7.4 and 7.5) with exact line searches until
  // the gradient has 1e-4 of its norm at w = 0. The same bits on any number of threads. If all rows are of one class
  // there is no minimum: the weights are 0 and the bias is the log-odds of the counts, each plus a half.
  Solution solve() const;

 private:
  // weights = R R X' u, which is R w for w = (X R)' u, and products = X weights.
  void multiply(std::span<const double> u, std::vector<double>& weights, std::vector<double>& products) const;
  std::vector<double> slopes(const RowVector& point) const;
  double best_step(const RowVector& point, const RowVector& direction) const;

  const Design& x_;
  std::vector<double> squares_;  // of scales
  std::span<const std::uint8_t> positive_;
  double c_;
};

// Naive-Bayes log-count ratios (Wang and Manning, "Baselines and Bigrams", ACL 2012): r = ln((p / |p|) / (q / |q|))
// with p = 1 + the number of positive rows that have a column, q = 1 + that of the others, |.| the sum over columns.
std::vector<double> log_count_ratios(const Design& x, std::span<const std::uint8_t> positive);

}  // namespace ingot::pipeline
