#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "engine/kernels/adamw/adamw.h"
#include "engine/kernels/adamw/table.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;
using namespace ingot::test;

namespace {

AdamWStep step_at(int t) {
  AdamWStep step{.learning_rate = 1e-2, .weight_decay = 0.05, .gradient_scale = 0.7};
  step.correction1 = 1 - std::pow(step.beta1, t);
  step.correction2 = 1 - std::pow(step.beta2, t);
  return step;
}

struct State {
  std::vector<float> weight, first, second;
};

// The update of torch.optim.AdamW in double, one parameter at a time.
void plain_step(int t, double gradient, double& weight, double& first, double& second) {
  const double g = 0.7 * gradient;
  weight *= 1 - 1e-2 * 0.05;
  first = 0.9 * first + 0.1 * g;
  second = 0.999 * second + 0.001 * g * g;
  const double first_hat = first / (1 - std::pow(0.9, t)), second_hat = second / (1 - std::pow(0.999, t));
  weight -= 1e-2 * first_hat / (std::sqrt(second_hat) + 1e-8);
}

}  // namespace

TEST_CASE("ten steps of AdamW agree with a plain implementation in double") {
  const std::int64_t n = 257;
  State state{noise(n, 1), std::vector<float>(257), std::vector<float>(257)};
  std::vector<double> weight(state.weight.begin(), state.weight.end()), first(257), second(257);
  for (int t = 1; t <= 10; ++t) {
    const std::vector<float> gradient = noise(n, static_cast<std::uint64_t>(100 + t), 0.1);
    adamw(step_at(t), n, gradient.data(), state.weight.data(), state.first.data(), state.second.data());
    for (std::size_t i = 0; i < weight.size(); ++i) plain_step(t, gradient[i], weight[i], first[i], second[i]);
  }
  double worst = 0, moved = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    // Ten roundings of a weight below 4, and of ten steps of 1e-2.
    worst = std::max(worst, std::abs(state.weight[i] - weight[i]));
    moved = std::max(moved, std::abs(weight[i] - noise(n, 1)[i]));
    CHECK(state.first[i] == doctest::Approx(first[i]).epsilon(1e-5));
    CHECK(state.second[i] == doctest::Approx(second[i]).epsilon(1e-6));
  }
  CHECK(worst < 1e-6);
  CHECK(moved > 0.05);
}

TEST_CASE("AdamW and the sum of squares give the same bits on every instruction set and tail size") {
  for_each_row(adamw_rows(), [](const AdamWRow& row) {
    const AdamWRow& reference = *adamw_rows().back();
    const AdamWFactors factors = adamw_factors(step_at(3));
    for (const std::int64_t n : kTailSizes) {
      CAPTURE(n);
      const std::vector<float> gradient = noise(n, 2);
      State want{noise(n + 1, 3), noise(n + 1, 4), noise(n + 1, 5)};
      for (float& v : want.second) v *= v;
      State got = want;
      row.update(factors, n, gradient.data(), got.weight.data(), got.first.data(), got.second.data());
      reference.update(factors, n, gradient.data(), want.weight.data(), want.first.data(), want.second.data());
      CHECK(same_bits(got.weight, want.weight));
      CHECK(same_bits(got.first, want.first));
      CHECK(same_bits(got.second, want.second));
      CHECK(row.sum_of_squares(n, gradient.data()) == reference.sum_of_squares(n, gradient.data()));
    }
  });
}

TEST_CASE("AdamW and the sum of squares give the same bits on one and two threads") {
  const std::int64_t n = 200'001;
  const std::vector<float> gradient = noise(n, 6);
  double plain = 0;
  for (const float g : gradient) plain += static_cast<double>(g) * g;
  const auto [one, two] = on_one_and_on(2, [&] {
    State state{noise(n, 7), noise(n, 8), std::vector<float>(static_cast<std::size_t>(n), 1)};
    adamw(step_at(2), n, gradient.data(), state.weight.data(), state.first.data(), state.second.data());
    return std::pair{state, sum_of_squares(n, gradient.data())};
  });
  CHECK(same_bits(one.first.weight, two.first.weight));
  CHECK(same_bits(one.first.first, two.first.first));
  CHECK(same_bits(one.first.second, two.first.second));
  CHECK(one.second == two.second);
  CHECK(one.second == doctest::Approx(plain).epsilon(1e-12));
  CHECK(sum_of_squares(0, nullptr) == 0);
}
