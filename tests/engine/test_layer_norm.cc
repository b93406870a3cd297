#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "engine/kernels/layer_norm/layer_norm.h"
#include "engine/kernels/layer_norm/table.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;
using namespace ingot::test;

namespace {

constexpr float kEps = 1e-5f;
const Dropout kDropout{.probability = 0.25f, .seed = 3, .stream = 4};

using Doubles = std::vector<double>;

struct Operands {
  std::int64_t n_rows, n_columns;
  std::vector<float> x = noise(n_rows * n_columns, 1), residual = noise(n_rows * n_columns, 2);
  std::vector<float> gamma = noise(n_columns, 3), beta = noise(n_columns, 4), dy = noise(n_rows * n_columns, 5);

  Operands(std::int64_t rows, std::int64_t columns) : n_rows(rows), n_columns(columns) {
    for (float& value : x) value += 3;  // a mean that a one-pass variance would suffer from
  }
  std::size_t size() const { return x.size(); }
  std::vector<float> mask(const Dropout& dropout) const {
    std::vector<float> values(size());
    for (std::int64_t r = 0; r < n_rows; ++r) dropout_row(dropout, r, n_columns, values.data() + r * n_columns);
    return values;
  }
};

struct Results {
  std::vector<float> s, y, mean, rstd, ds, dx, dgamma, dbeta;
};

// The formula in double: y of one row.
Doubles formula(const Doubles& s, const Doubles& gamma, const Doubles& beta) {
  const auto n = static_cast<double>(s.size());
  double mean = 0, variance = 0;
  for (const double v : s) mean += v / n;
  for (const double v : s) variance += (v - mean) * (v - mean) / n;
  Doubles y(s.size());
  for (std::size_t c = 0; c < s.size(); ++c) {
    y[c] = (s[c] - mean) / std::sqrt(variance + static_cast<double>(kEps)) * gamma[c] + beta[c];
  }
  return y;
}

Doubles doubles(const std::vector<float>& values, std::size_t begin, std::size_t count) {
  return {values.begin() + static_cast<std::ptrdiff_t>(begin),
          values.begin() + static_cast<std::ptrdiff_t>(begin + count)};
}

Results run(const LayerNormRow& row, const Operands& o, const Dropout& dropout, bool with_residual, bool with_dx) {
  Results r{.s = o.x,
            .y = o.x,
            .mean = std::vector<float>(static_cast<std::size_t>(o.n_rows)),
            .rstd = {},
            .ds = o.dy,
            .dx = std::vector<float>(o.size()),
            .dgamma = std::vector<float>(o.gamma.size()),
            .dbeta = {}};
  r.rstd = r.mean;
  r.dbeta = r.dgamma;
  row.forward({o.n_columns, r.s.data(), mask_of(dropout), with_residual ? o.residual.data() : nullptr, o.gamma.data(),
               o.beta.data(), kEps, r.y.data(), r.mean.data(), r.rstd.data()},
              0, o.n_rows);
  row.backward({o.n_columns, r.s.data(), r.mean.data(), r.rstd.data(), o.gamma.data(), mask_of(dropout), r.ds.data(),
                r.ds.data(), with_dx ? r.dx.data() : nullptr},
               0, o.n_rows, r.dgamma.data(), r.dbeta.data());
  return r;
}

double largest_difference(const std::vector<float>& got, const Doubles& want) {
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::abs(got[i] - want[i]));
  return worst;
}

}  // namespace

TEST_CASE("layer norm's forward agrees with the formula in double on every instruction set and tail size") {
  for_each_row(layer_norm_rows(), [](const LayerNormRow& row) {
    for (const std::int64_t n_columns : kTailSizes) {
      CAPTURE(n_columns);
      const Operands o(3, n_columns);
      for (const bool with_residual : {false, true}) {
        for (const Dropout& dropout : {Dropout{}, kDropout}) {
          const Results got = run(row, o, dropout, with_residual, false);
          const std::vector<float> mask = o.mask(dropout);
          std::vector<float> s = o.x;
          Doubles y;
          for (std::size_t i = 0; i < s.size(); ++i) s[i] = s[i] * mask[i] + (with_residual ? o.residual[i] : -0.0f);
          CHECK(same_bits(got.s, s));
          for (std::int64_t r = 0; r < o.n_rows; ++r) {
            const auto n = static_cast<std::size_t>(n_columns);
            const Doubles row_y =
                formula(doubles(s, static_cast<std::size_t>(r) * n, n), doubles(o.gamma, 0, n), doubles(o.beta, 0, n));
            y.insert(y.end(), row_y.begin(), row_y.end());
          }
          // |s| < 10, so s - mean is within 1e-6, times rstd (316 for the variance 0 of one column).
          CHECK(largest_difference(got.y, y) < (n_columns <= 3 ? 1e-3 : 1e-5));
        }
      }
    }
  });
}

TEST_CASE("layer norm's backward agrees with central differences of the formula in double") {
  for_each_row(layer_norm_rows(), [](const LayerNormRow& row) {
    for (const std::int64_t n_columns : {2, 7, 16, 33, 65}) {
      CAPTURE(n_columns);
      const Operands o(2, n_columns);
      const Results got = run(row, o, kDropout, true, true);
      const std::vector<float> mask = o.mask(kDropout);
      const auto n = static_cast<std::size_t>(n_columns);
      Doubles gamma = doubles(o.gamma, 0, n), beta = doubles(o.beta, 0, n), dgamma(n), dbeta(n);
      for (std::size_t r = 0; r < 2; ++r) {
        Doubles s = doubles(got.s, r * n, n);
        const Doubles dy = doubles(o.dy, r * n, n);
        const auto difference = [&](double& input) {
          const double h = 1e-5, before = input;
          const auto value = [&](double at) {
            input = at;
            const Doubles y = formula(s, gamma, beta);
            double sum = 0;
            for (std::size_t c = 0; c < n; ++c) sum += y[c] * dy[c];
            return sum;
          };
          const double up = value(before + h), down = value(before - h);
          input = before;
          return (up - down) / (2 * h);
        };
        for (std::size_t c = 0; c < n; ++c) {
          const double ds = difference(s[c]);
          const double bound = 3e-5 * (1 + std::abs(got.rstd[r]));  // the gradient is a multiple of rstd
          CHECK(std::abs(got.ds[r * n + c] - ds) < bound);
          CHECK(got.dx[r * n + c] == got.ds[r * n + c] * mask[r * n + c]);
          dgamma[c] += difference(gamma[c]);
          dbeta[c] += difference(beta[c]);
        }
      }
      CHECK(largest_difference(got.dgamma, dgamma) < 2e-5);
      CHECK(largest_difference(got.dbeta, dbeta) < 2e-5);
    }
  });
}

TEST_CASE("layer norm's instruction sets agree with the reference") {
  for_each_row(layer_norm_rows(), [](const LayerNormRow& row) {
    for (const std::int64_t n_columns : {5, 16, 128, 312, 768}) {
      const Operands o(19, n_columns);
      const Results got = run(row, o, kDropout, true, true),
                    want = run(*layer_norm_rows().back(), o, kDropout, true, true);
      const auto all = [](const std::vector<float>& values) { return doubles(values, 0, values.size()); };
      CHECK(same_bits(got.s, want.s));
      CHECK(largest_difference(got.mean, all(want.mean)) < 2e-6);
      CHECK(largest_difference(got.rstd, all(want.rstd)) < 2e-6);
      CHECK(largest_difference(got.y, all(want.y)) < 1e-5);
      CHECK(largest_difference(got.ds, all(want.ds)) < 1e-5);
      CHECK(largest_difference(got.dx, all(want.dx)) < 1e-5);
      CHECK(largest_difference(got.dgamma, all(want.dgamma)) < 1e-5);
      CHECK(largest_difference(got.dbeta, all(want.dbeta)) < 1e-5);
    }
  });
}

TEST_CASE("layer norm gives the same bits on one and two threads, adds to dgamma and needs no mean in inference") {
  const Operands o(700, 40);
  const auto [one, two] = on_one_and_on(2, [&] {
    Results r{.s = o.x,
              .y = o.x,
              .mean = std::vector<float>(700),
              .rstd = std::vector<float>(700),
              .ds = o.dy,
              .dx = o.dy,
              .dgamma = o.gamma,
              .dbeta = o.beta};
    layer_norm_forward(700, 40, r.s.data(), kDropout, o.residual.data(), o.gamma.data(), o.beta.data(), kEps,
                       r.y.data(), r.mean.data(), r.rstd.data());
    layer_norm_backward(700, 40, r.s.data(), r.mean.data(), r.rstd.data(), o.gamma.data(), kDropout, o.dy.data(),
                        r.ds.data(), r.dx.data(), r.dgamma.data(), r.dbeta.data());
    return r;
  });
  CHECK(same_bits(one.y, two.y));
  CHECK(same_bits(one.ds, two.ds));
  CHECK(same_bits(one.dx, two.dx));
  CHECK(same_bits(one.dgamma, two.dgamma));
  CHECK(same_bits(one.dbeta, two.dbeta));

  const Results alone = run(*layer_norm_rows().back(), o, kDropout, true, true);
  for (std::size_t c = 0; c < 40; ++c) {
    CHECK(one.dgamma[c] == doctest::Approx(o.gamma[c] + alone.dgamma[c]).epsilon(1e-4));
    CHECK(one.dbeta[c] == doctest::Approx(o.beta[c] + alone.dbeta[c]).epsilon(1e-4));
  }
  std::vector<float> s = o.x, y(o.size());
  layer_norm_forward(700, 40, s.data(), kDropout, o.residual.data(), o.gamma.data(), o.beta.data(), kEps, y.data(),
                     nullptr, nullptr);
  CHECK(same_bits(y, one.y));
}
