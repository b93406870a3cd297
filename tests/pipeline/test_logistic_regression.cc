// The regression, against its formulas on dense matrices.
#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "engine/base/rng.h"
#include "engine/base/threads.h"
#include "pipeline/ngrams/logistic_regression.h"
#include "tests/pipeline/small_problem.h"

using namespace ingot;
using pipeline::Design;
using pipeline::LogisticRegression;
using pipeline::RowVector;
using Vector = std::vector<double>;

namespace {

// X R with a last column of ones, for the bias, and the objective of (w, b), which has no penalty of b.
struct Dense {
  std::vector<Vector> rows;
  std::vector<std::uint8_t> positive;
  double c;

  Dense(const Design& x, const Vector& scales, std::vector<std::uint8_t> labels, double weight)
      : positive(std::move(labels)), c(weight) {
    for (std::size_t i = 0; i < x.n_rows(); ++i) {
      Vector& row = rows.emplace_back(x.n_columns() + 1);
      for (const std::uint32_t j : x.row(i)) row[j] = scales[j];
      row.back() = 1;
    }
  }
  double margin(std::size_t i, const Vector& w) const {
    return std::inner_product(w.begin(), w.end(), rows[i].begin(), 0.0);
  }
  double loss(const Vector& w) const {
    double sum = 0;
    for (std::size_t j = 0; j + 1 < w.size(); ++j) sum += w[j] * w[j] / 2;
    for (std::size_t i = 0; i < rows.size(); ++i)
      sum += c * std::log(1 + std::exp(positive[i] != 0 ? -margin(i, w) : margin(i, w)));
    return sum;
  }
  // The minimum, by Newton's method with the whole Hessian.
  Vector minimum() const {
    const std::size_t n = rows[0].size();
    Vector w(n);
    for (int step = 0; step < 50; ++step) {
      std::vector<Vector> a(n, Vector(n + 1));  // [Hessian | gradient]
      for (std::size_t j = 0; j + 1 < n; ++j) {
        a[j][j] = 1;
        a[j][n] = w[j];
      }
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const double p = 1 / (1 + std::exp(-margin(i, w)));
        for (std::size_t j = 0; j < n; ++j) {
          for (std::size_t k = 0; k < n; ++k) a[j][k] += c * p * (1 - p) * rows[i][j] * rows[i][k];
          a[j][n] += c * (p - positive[i]) * rows[i][j];
        }
      }
      for (std::size_t pivot = 0; pivot < n; ++pivot) {  // Gauss and Jordan; the matrix is positive definite
        for (std::size_t j = 0; j < n; ++j) {
          if (j == pivot) continue;
          const double factor = a[j][pivot] / a[pivot][pivot];
          for (std::size_t k = pivot; k <= n; ++k) a[j][k] -= factor * a[pivot][k];
        }
      }
      for (std::size_t j = 0; j < n; ++j) w[j] -= a[j][n] / a[j][j];
    }
    return w;
  }
};

// 40 rows of 12 columns, which decide the class but for noise, and scales of both signs.
struct Problem {
  Design x;
  Vector scales;
  std::vector<std::uint8_t> positive;
};

Problem problem() {
  engine::Rng rng(5, static_cast<std::uint64_t>(engine::Stream::test));
  std::vector<std::vector<std::uint32_t>> rows(40);
  std::vector<std::uint8_t> positive;
  for (auto& row : rows) {
    for (std::uint32_t j = 0; j < 12; ++j)
      if (rng.below(3) == 0) row.push_back(j);
    const double score = static_cast<double>(std::count_if(row.begin(), row.end(), [](auto j) { return j < 5; })) - 1;
    positive.push_back(score + rng.normal() > 0);
  }
  Design x(test::rows_of(rows), test::first(40), 12);
  Vector scales;
  for (std::size_t j = 0; j < x.n_columns(); ++j) scales.push_back(rng.normal());
  return {std::move(x), std::move(scales), std::move(positive)};
}

// The point in the space of weights: (X R)' coefficients, and the bias.
Vector dense_point(const Dense& dense, const RowVector& point) {
  Vector w(dense.rows[0].size());
  for (std::size_t i = 0; i < dense.rows.size(); ++i)
    for (std::size_t j = 0; j < w.size(); ++j) w[j] += point.coefficients[i] * dense.rows[i][j];
  w.back() = point.bias;
  return w;
}

}  // namespace

TEST_CASE("loss and gradient are those of the formula, the gradient by finite differences") {
  const Problem p = problem();
  const Dense dense(p.x, p.scales, p.positive, 0.7);
  const LogisticRegression regression(p.x, p.scales, p.positive, 0.7);
  engine::Rng rng(6, static_cast<std::uint64_t>(engine::Stream::test));
  Vector coefficients;
  for (std::size_t i = 0; i < p.x.n_rows(); ++i) coefficients.push_back(rng.normal() / 4);
  const RowVector point = regression.at(coefficients, -0.3);
  Vector w = dense_point(dense, point);
  CHECK(regression.loss(point) == doctest::Approx(dense.loss(w)).epsilon(1e-12));
  const Vector gradient = dense_point(dense, regression.gradient(point));
  constexpr double kStep = 1e-5;  // central differences: an error of its square times a third derivative of about 1
  for (std::size_t j = 0; j < w.size(); ++j) {
    const double before = w[j];
    w[j] = before + kStep;
    const double above = dense.loss(w);
    w[j] = before - kStep;
    const double difference = (above - dense.loss(w)) / (2 * kStep);
    w[j] = before;
    CHECK(std::abs(gradient[j] - difference) < 1e-8);
  }
}

TEST_CASE("scalar products of points are those in the space of weights") {
  const Problem p = problem();
  const Dense dense(p.x, p.scales, p.positive, 1);
  const LogisticRegression regression(p.x, p.scales, p.positive, 1);
  Vector a(p.x.n_rows(), 0.25), b(p.x.n_rows(), -1);
  b[3] = 2;
  const RowVector u = regression.at(a, 0.5), v = regression.at(b, 3);
  const Vector dense_u = dense_point(dense, u), dense_v = dense_point(dense, v);
  CHECK(pipeline::dot(u, v) ==
        doctest::Approx(std::inner_product(dense_u.begin(), dense_u.end(), dense_v.begin(), 0.0)).epsilon(1e-12));
}

TEST_CASE("L-BFGS finds the minimum that Newton's method finds") {
  const Problem p = problem();
  for (const double c : {0.01, 0.5, 100.0}) {
    const Dense dense(p.x, p.scales, p.positive, c);
    const Vector minimum = dense.minimum();
    const LogisticRegression::Solution found = LogisticRegression(p.x, p.scales, p.positive, c).solve();
    // Strong convexity bounds the distance by the gradient that is left, which is 1e-4 of the first one.
    CHECK(found.loss == doctest::Approx(dense.loss(minimum)).epsilon(1e-5));
    for (std::size_t j = 0; j < p.x.n_columns(); ++j)
      CHECK(std::abs(found.weights[j] - p.scales[j] * minimum[j]) < 2e-3);
    CHECK(std::abs(found.bias - minimum.back()) < 2e-3);
    CHECK(found.n_iterations > 1);
    CHECK(found.n_iterations < 60);
  }
}

TEST_CASE("rows of one class give the log-odds of their number, a half added to each count") {
  const Design x(test::rows_of({{0}, {0, 1}, {1}}), test::first(3), 2);
  const Vector scales{1, 1};
  const auto solution = [&](std::uint8_t label) {
    return LogisticRegression(x, scales, std::vector<std::uint8_t>(3, label), 1).solve();
  };
  CHECK(solution(1).bias == doctest::Approx(std::log(3.5 / 0.5)));
  CHECK(solution(0).bias == doctest::Approx(std::log(0.5 / 3.5)));
  CHECK(solution(1).weights == Vector{0, 0});
}

TEST_CASE("naive-Bayes ratios are those of a count by hand") {
  // Columns 0, 1, 2; positive rows {0, 1}, {0}; others {1, 2}. p = 3, 2, 1 of 6; q = 1, 2, 2 of 5.
  const Design x(test::rows_of({{0, 1}, {1, 2}, {0}}), test::first(3), 3);
  const Vector ratios = pipeline::log_count_ratios(x, std::vector<std::uint8_t>{1, 0, 1});
  REQUIRE(ratios.size() == 3);
  CHECK(ratios[0] == doctest::Approx(std::log((3.0 / 6) / (1.0 / 5))));
  CHECK(ratios[1] == doctest::Approx(std::log((2.0 / 6) / (2.0 / 5))));
  CHECK(ratios[2] == doctest::Approx(std::log((1.0 / 6) / (2.0 / 5))));
}

TEST_CASE("a solution has the same bits on 1, 2 and 3 threads") {
  engine::Rng rng(7, static_cast<std::uint64_t>(engine::Stream::test));
  std::vector<std::vector<std::uint32_t>> rows(20000);  // several blocks of each sum
  std::vector<std::uint8_t> positive;
  for (auto& row : rows) {
    for (std::uint32_t j = 0; j < 40000; j += 1 + static_cast<std::uint32_t>(rng.below(8000))) row.push_back(j);
    positive.push_back(rng.below(2) == 0);
  }
  const Design x(test::rows_of(rows), test::first(20000), 40000);
  const int before = engine::threads();
  std::vector<LogisticRegression::Solution> solutions;
  for (const int n_threads : {1, 2, 3}) {
    engine::set_threads(n_threads);
    solutions.push_back(LogisticRegression(x, pipeline::log_count_ratios(x, positive), positive, 0.5).solve());
  }
  engine::set_threads(before);
  CHECK(solutions[0].n_iterations > 3);
  for (const auto& solution : solutions) {
    CHECK(solution.weights == solutions[0].weights);
    CHECK(solution.bias == solutions[0].bias);
  }
}
