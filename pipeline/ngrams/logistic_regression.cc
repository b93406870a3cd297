#include "pipeline/ngrams/logistic_regression.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>

#include "engine/base/threads.h"

namespace ingot::pipeline {
namespace {

constexpr std::int64_t kColumnGrain = 4096, kRowGrain = 64, kSumGrain = 4096;
constexpr double kTolerance = 1e-4;  // of the gradient's norm, over the first one
constexpr int kMostIterations = 200;
constexpr std::size_t kHistory = 10;
constexpr double kLineTolerance = 1e-3;  // of the slope along a line, over the first one
constexpr int kMostLineSteps = 30;

double probability(double margin) { return 1 / (1 + std::exp(-margin)); }

// log(1 + exp(-margin)) without overflow.
double log_loss(double margin) { return std::max(-margin, 0.0) + std::log1p(std::exp(-std::abs(margin))); }

// A sum over rows to which add(sum, i) adds row i: block by block, whose sums are added in their order.
template <class Sum, class Add>
Sum sum_over_rows(std::size_t n_rows, const Add& add) {
  const auto n = static_cast<std::int64_t>(n_rows);
  std::vector<Sum> sums(static_cast<std::size_t>((n + kSumGrain - 1) / kSumGrain));
  engine::parallel_for(n, kSumGrain, [&](std::int64_t begin, std::int64_t end) {
    Sum sum{};
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) add(sum, i);
    sums[static_cast<std::size_t>(begin / kSumGrain)] = sum;
  });
  return std::accumulate(sums.begin(), sums.end(), Sum{});
}

// The derivatives of F along a line.
struct Slope {
  double first = 0, second = 0;

  friend Slope operator+(const Slope& a, const Slope& b) { return {a.first + b.first, a.second + b.second}; }
};

RowVector zero(std::size_t n_rows) { return {std::vector<double>(n_rows), std::vector<double>(n_rows)}; }

// A step and the change of the gradient over it.
struct Change {
  RowVector step, gradient;
  double curvature;  // their scalar product
};

// -H gradient, H the inverse Hessian that the last changes tell: algorithm 7.4.
RowVector descent_direction(const std::deque<Change>& changes, const RowVector& gradient) {
  RowVector q = gradient;
  std::vector<double> alphas(changes.size());
  for (std::size_t i = changes.size(); i-- > 0;) {
    alphas[i] = dot(changes[i].step, q) / changes[i].curvature;
    add(q, -alphas[i], changes[i].gradient);
  }
  double scale = -1;
  if (!changes.empty()) scale = -changes.back().curvature / dot(changes.back().gradient, changes.back().gradient);
  RowVector direction = zero(gradient.coefficients.size());
  add(direction, scale, q);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const double beta = -dot(changes[i].gradient, direction) / changes[i].curvature;
    add(direction, beta - alphas[i], changes[i].step);
  }
  return direction;
}

}  // namespace

double dot(const RowVector& a, const RowVector& b) {
  return a.bias * b.bias + sum_over_rows<double>(a.coefficients.size(), [&](double& sum, std::size_t i) {
           sum += a.coefficients[i] * b.products[i];
         });
}

void add(RowVector& y, double factor, const RowVector& x) {
  const auto n = static_cast<std::int64_t>(y.coefficients.size());
  engine::parallel_for(n, kSumGrain, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      y.coefficients[i] += factor * x.coefficients[i];
      y.products[i] += factor * x.products[i];
    }
  });
  y.bias += factor * x.bias;
}

LogisticRegression::LogisticRegression(const Design& x, std::span<const double> scales,
                                       std::span<const std::uint8_t> positive, double c)
    : x_(x), squares_(scales.begin(), scales.end()), positive_(positive), c_(c) {
  for (double& square : squares_) square *= square;
}

// Each entry is one sum in the order of its column or row, so threads do not change it.
void LogisticRegression::multiply(std::span<const double> u, std::vector<double>& weights,
                                  std::vector<double>& products) const {
  weights.resize(x_.n_columns());
  products.resize(x_.n_rows());
  engine::parallel_for(static_cast<std::int64_t>(x_.n_columns()), kColumnGrain,
                       [&](std::int64_t begin, std::int64_t end) {
                         for (auto j = static_cast<std::size_t>(begin); j < static_cast<std::size_t>(end); ++j) {
                           double sum = 0;
                           for (const std::uint32_t i : x_.column(j)) sum += u[i];
                           weights[j] = squares_[j] * sum;
                         }
                       });
  engine::parallel_for(static_cast<std::int64_t>(x_.n_rows()), kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      double sum = 0;
      for (const std::uint32_t j : x_.row(i)) sum += weights[j];
      products[i] = sum;
    }
  });
}

RowVector LogisticRegression::at(std::vector<double> coefficients, double bias) const {
  RowVector point{std::move(coefficients), {}, bias};
  std::vector<double> weights;
  multiply(point.coefficients, weights, point.products);
  return point;
}

double LogisticRegression::loss(const RowVector& point) const {
  const auto sum = sum_over_rows<double>(positive_.size(), [&](double& total, std::size_t i) {
    const double margin = point.products[i] + point.bias;
    total += log_loss(positive_[i] != 0 ? margin : -margin);
  });
  return c_ * sum + (dot(point, point) - point.bias * point.bias) / 2;
}

// The derivative of the sum of losses, times c, by each margin.
std::vector<double> LogisticRegression::slopes(const RowVector& point) const {
  std::vector<double> slopes(positive_.size());
  engine::parallel_for(static_cast<std::int64_t>(slopes.size()), kSumGrain, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
      slopes[i] = c_ * (probability(point.products[i] + point.bias) - positive_[i]);
  });
  return slopes;
}

RowVector LogisticRegression::gradient(const RowVector& point) const {
  std::vector<double> u = slopes(point);
  const double bias = std::accumulate(u.begin(), u.end(), 0.0);
  RowVector gradient = at(std::move(u), bias);
  add(gradient, 1, {point.coefficients, point.products, 0});
  return gradient;
}

// The minimum of the convex function F(point + t direction) of t > 0: Newton's method on its derivative, kept between
// bounds. Only numbers of the rows are needed.
double LogisticRegression::best_step(const RowVector& point, const RowVector& direction) const {
  const double linear = dot(point, direction) - point.bias * direction.bias;
  const double square = dot(direction, direction) - direction.bias * direction.bias;
  double low = 0, high = INFINITY, t = 0, first_slope = 0;
  for (int step = 0; step < kMostLineSteps; ++step) {
    const auto losses = sum_over_rows<Slope>(positive_.size(), [&](Slope& sum, std::size_t i) {
      const double along = direction.products[i] + direction.bias;
      const double p = probability(point.products[i] + point.bias + t * along);
      sum.first += (p - positive_[i]) * along;
      sum.second += p * (1 - p) * along * along;
    });
    const double slope = linear + t * square + c_ * losses.first;
    if (step == 0) first_slope = slope;
    if (std::abs(slope) <= kLineTolerance * std::abs(first_slope) && step > 0) break;
    (slope < 0 ? low : high) = t;
    const double next = t - slope / (square + c_ * losses.second);
    t = next > low && next < high ? next : std::isinf(high) ? 2 * low + 1 : (low + high) / 2;
  }
  return t;
}

LogisticRegression::Solution LogisticRegression::solve() const {
  const std::size_t n = positive_.size();
  const auto n_positive = static_cast<std::size_t>(std::count(positive_.begin(), positive_.end(), 1));
  if (n_positive == 0 || n_positive == n) {
    const double p = static_cast<double>(n_positive) + 0.5, q = static_cast<double>(n - n_positive) + 0.5;
    return {.weights = std::vector<double>(x_.n_columns()), .bias = std::log(p / q)};
  }
  RowVector point = zero(n);
  point.bias = std::log(static_cast<double>(n_positive) / static_cast<double>(n - n_positive));
  RowVector gradient = this->gradient(point);
  const double enough = kTolerance * kTolerance * dot(gradient, gradient);
  std::deque<Change> changes;
  Solution solution;
  while (dot(gradient, gradient) > enough && solution.n_iterations < kMostIterations) {
    const RowVector direction = descent_direction(changes, gradient);
    Change change{.step = zero(n), .gradient = {}, .curvature = 0};
    add(change.step, best_step(point, direction), direction);
    add(point, 1, change.step);
    RowVector next = this->gradient(point);
    change.gradient = next;
    add(change.gradient, -1, gradient);
    change.curvature = dot(change.step, change.gradient);
    ++solution.n_iterations;
    if (!(change.curvature > 0)) break;  // rounding is all that is left
    if (changes.size() == kHistory) changes.pop_front();
    changes.push_back(std::move(change));
    gradient = std::move(next);
  }
  std::vector<double> products;
  multiply(point.coefficients, solution.weights, products);
  solution.bias = point.bias;
  solution.loss = loss(point);
  return solution;
}

std::vector<double> log_count_ratios(const Design& x, std::span<const std::uint8_t> positive) {
  std::vector<double> ratios(x.n_columns());
  double p_sum = static_cast<double>(x.n_columns()), q_sum = p_sum;
  for (std::size_t i = 0; i < x.n_rows(); ++i)
    (positive[i] != 0 ? p_sum : q_sum) += static_cast<double>(x.row(i).size());
  const double norms = std::log(q_sum / p_sum);
  engine::parallel_for(
      static_cast<std::int64_t>(x.n_columns()), kColumnGrain, [&](std::int64_t begin, std::int64_t end) {
        for (auto j = static_cast<std::size_t>(begin); j < static_cast<std::size_t>(end); ++j) {
          std::uint32_t n_positive = 0;
          for (const std::uint32_t i : x.column(j)) n_positive += positive[i];
          const double p = 1.0 + n_positive, q = 1.0 + static_cast<double>(x.column(j).size() - n_positive);
          ratios[j] = std::log(p / q) + norms;
        }
      });
  return ratios;
}

}  // namespace ingot::pipeline
