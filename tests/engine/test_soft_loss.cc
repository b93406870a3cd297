// Losses against numbers: by their formulas in doubles, and by the differences of their values.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "engine/autograd/check_gradients.h"
#include "engine/autograd/soft_loss.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"

using namespace ingot::engine;
using Variables = std::vector<Variable>;

namespace {

Variable random_leaf(const Shape& shape, std::uint64_t seed, double spread = 2) {
  Rng rng(seed, 0);
  Tensor t = Tensor::empty(shape);
  for (float& v : t.span()) v = static_cast<float>((2 * rng.uniform() - 1) * spread);
  return Variable(t, true);
}

void check(const std::function<Variable(const Variables&)>& f, const Variables& inputs) {
  CHECK(check_gradients(f, inputs).worst < 2e-3);
}

float value(const Variable& v) { return v.value().data()[0]; }

const std::vector<float> kShares{0.0f, 1.0f, 0.25f, 0.5f, 1.0f, 0.0f};

}  // namespace

TEST_CASE("binary cross entropy is the mean of -p log s - (1-p) log (1-s), and finite far from 0") {
  const Variable z = random_leaf({2, 3}, 1);
  double sum = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    const double s = 1 / (1 + std::exp(-double{z.value().data()[i]})), p = double{kShares[i]};
    sum -= p * std::log(s) + (1 - p) * std::log(1 - s);
  }
  CHECK(value(binary_cross_entropy(z, kShares)) == doctest::Approx(sum / 6).epsilon(1e-6));
  check([](const Variables& v) { return binary_cross_entropy(v[0], kShares); }, {z});
  const Variable far(Tensor::full({1, 2}, -200.0f), true);
  CHECK(value(binary_cross_entropy(far, std::vector<float>{1, 0})) == doctest::Approx(100.0));
  CHECK_THROWS_AS(binary_cross_entropy(z, std::vector<float>{1, 0}), Error);
}

TEST_CASE("squared error is the mean of the squares") {
  const Variable y = random_leaf({2, 3}, 2);
  double sum = 0;
  for (std::size_t i = 0; i < 6; ++i) sum += std::pow(double{y.value().data()[i]} - double{kShares[i]}, 2);
  CHECK(value(squared_error(y, kShares)) == doctest::Approx(sum / 6).epsilon(1e-6));
  check([](const Variables& v) { return squared_error(v[0], kShares); }, {y});
}

TEST_CASE("soft cross entropy is the mean over rows of -sum w log softmax(z / T)") {
  const std::vector<float> w{0.2f, 0.5f, 0.3f, 0.4f, 0.0f, 0.0f};  // the second row is a share of a label
  const Variable z = random_leaf({2, 3}, 3, 4);
  for (const float t : {1.0f, 2.5f}) {
    double sum = 0;
    for (std::size_t r = 0; r < 2; ++r) {
      double total = 0;
      for (std::size_t c = 0; c < 3; ++c) total += std::exp(double{z.value().data()[3 * r + c]} / double{t});
      for (std::size_t c = 0; c < 3; ++c)
        sum -= double{w[3 * r + c]} * std::log(std::exp(double{z.value().data()[3 * r + c]} / double{t}) / total);
    }
    CHECK(value(soft_cross_entropy(z, w, t)) == doctest::Approx(sum / 2).epsilon(1e-6));
    check([&](const Variables& v) { return soft_cross_entropy(v[0], w, t); }, {z});
  }
}

TEST_CASE("a mixture of two losses has the mixture of their gradients") {
  const Variable z = random_leaf({2, 3}, 4);
  check(
      [](const Variables& v) {
        return mixed(squared_error(v[0], kShares), 0.3f, binary_cross_entropy(v[0], kShares), 0.7f);
      },
      {z});
}

TEST_CASE("normalized rows have the length asked for, and the gradient of their differences; zeros stay zeros") {
  const Variable x = random_leaf({3, 4}, 5);
  for (float& v : x.value().span().subspan(4, 4)) v = 0;
  const Tensor y = normalize_rows(x, 20).value();
  for (std::size_t r = 0; r < 3; ++r) {
    double square = 0;
    for (std::size_t i = 0; i < 4; ++i) square += std::pow(double{y.data()[4 * r + i]}, 2);
    CHECK(std::sqrt(square) == doctest::Approx(r == 1 ? 0 : 20).epsilon(1e-5));
  }
  check(
      [](const Variables& v) { return squared_error(normalize_rows(v[0], 3), std::vector<float>(8, 0.5f)); },
      {random_leaf({2, 4}, 6)});
}
