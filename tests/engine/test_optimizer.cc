#include <doctest/doctest.h>

#include <cmath>

#include "engine/autograd/elementwise.h"
#include "engine/optim/adamw.h"
#include "engine/optim/schedule.h"
#include "tests/support/error_text.h"

using namespace ingot::engine;

TEST_CASE("a schedule warms up to its peak and decays to zero") {
  const Schedule linear{.peak = 2, .n_steps = 10, .warm_up_steps = 4};
  CHECK(linear.at(0) == doctest::Approx(0.5));
  CHECK(linear.at(3) == doctest::Approx(2));
  CHECK(linear.at(4) == doctest::Approx(2));
  CHECK(linear.at(7) == doctest::Approx(1));
  CHECK(linear.at(10) == 0);
  const Schedule cosine{.peak = 2, .n_steps = 8, .warm_up_steps = 0, .decay = Decay::cosine};
  CHECK(cosine.at(0) == doctest::Approx(2));
  CHECK(cosine.at(4) == doctest::Approx(1));
  CHECK(cosine.at(2) == doctest::Approx(1 + std::sqrt(0.5)));
  const Schedule constant{.peak = 2, .n_steps = 8, .warm_up_steps = 2, .decay = Decay::constant};
  CHECK(constant.at(0) == doctest::Approx(1));
  CHECK(constant.at(7) == 2);
  CHECK(ingot::test::contains(ingot::test::error_text([] { decay_from_name("step"); }),
                              "linear, cosine or constant, got 'step'"));
}

TEST_CASE("matrices decay and vectors do not") {
  const std::vector<Parameter> parameters{{"w", Variable(Tensor::full({2, 2}, 1), true)},
                                          {"b", Variable(Tensor::full({2}, 1), true)},
                                          {"frozen", Variable(Tensor::full({2, 2}, 1), true)}};
  AdamW optimizer(decay_matrices(parameters, 0.5f));
  backward(add(sum(parameters[0].variable), sum(parameters[1].variable)));
  optimizer.step(0.1f, optimizer.gradient_norm(), 0);
  // The first Adam step is the learning rate, whatever the gradient.
  CHECK(parameters[0].variable.value().data()[0] == doctest::Approx(1 - 0.1 * 0.5 - 0.1));
  CHECK(parameters[1].variable.value().data()[0] == doctest::Approx(1 - 0.1));
  CHECK(parameters[2].variable.value().data()[0] == 1);  // no gradient: passed over
}

TEST_CASE("factors on the learning rate make groups of their own, within those of matrices and vectors") {
  std::vector<Parameter> parameters;
  for (const char* name : {"w1", "b1", "w2", "b2"}) {
    parameters.push_back({name, Variable(Tensor::full(name[0] == 'w' ? Shape{2, 2} : Shape{2}, 1), true)});
  }
  const std::vector<float> factors{0.25f, 0.25f, 0.5f, 0.25f};
  const std::vector<ParameterGroup> groups = decay_matrices(parameters, 0.5f, factors);
  REQUIRE(groups.size() == 3);
  CHECK(groups[2].parameters.size() == 2);
  AdamW optimizer(groups);
  Variable loss = sum(parameters[0].variable);
  for (std::size_t i = 1; i < 4; ++i) loss = add(loss, sum(parameters[i].variable));
  backward(loss);
  optimizer.step(0.1f, optimizer.gradient_norm(), 0);
  // The first Adam step is the learning rate; the decay is a share of it.
  const auto first = [&](std::size_t i) { return parameters[i].variable.value().data()[0]; };
  CHECK(first(0) == doctest::Approx(1 - 0.1 * 0.25 * (0.5 + 1)));
  CHECK(first(1) == doctest::Approx(1 - 0.1 * 0.25));
  CHECK(first(2) == doctest::Approx(1 - 0.1 * 0.5 * (0.5 + 1)));
  CHECK(first(3) == doctest::Approx(1 - 0.1 * 0.25));
}

TEST_CASE("the gradient norm counts dense and row-sparse gradients, and clipping scales by it") {
  Variable table(Tensor::zeros({4, 2}), true), w(Tensor::zeros({3}), true);
  AdamW optimizer({{{{"table", table}, {"w", w}}}}, {.beta1 = 0.0f, .beta2 = 0.0f, .eps = 1.0f});
  backward(add(sum(embedding({{table, {1, 1, 3}}})), sum(w)));
  const double norm = optimizer.gradient_norm();
  CHECK(norm == doctest::Approx(std::sqrt(2 * 4.0 + 2 * 1.0 + 3 * 1.0)));
  // With both betas 0 and eps 1 the update is g / (|g| + 1).
  optimizer.step(1.0f, norm, norm / 2);
  CHECK(w.value().data()[0] == doctest::Approx(-0.5 / 1.5));
  CHECK(table.value().data()[2] == doctest::Approx(-1.0 / 2.0));
  CHECK(table.value().data()[0] == 0);
}

TEST_CASE("lazy rows change as dense ones do in the step that touches them, and not at all in others") {
  const auto train = [](bool lazy, int n_steps) {
    Variable table(Tensor::full({40, 24}, 1), true);
    AdamW optimizer(decay_matrices(std::vector<Parameter>{{"table", table}}, 0.5f), {.lazy_rows = lazy});
    for (int step = 0; step < n_steps; ++step) {
      optimizer.clear_gradients();
      backward(
          sum(embedding({{table, step == 0 ? std::vector<std::int32_t>{3, 39, 3} : std::vector<std::int32_t>{7}}})));
      optimizer.step(0.1f, optimizer.gradient_norm(), 1);
    }
    return std::vector<float>(table.value().data(), table.value().data() + table.value().size());
  };
  const auto row = [](const std::vector<float>& table, std::ptrdiff_t i) {
    return std::vector<float>(table.begin() + 24 * i, table.begin() + 24 * (i + 1));
  };
  const std::vector<float> lazy = train(true, 1), dense = train(false, 1);
  CHECK(row(lazy, 3) == row(dense, 3));
  CHECK(row(lazy, 39) == row(dense, 39));
  CHECK(row(lazy, 39)[0] == doctest::Approx(1 - 0.1 * 0.5 - 0.1));
  CHECK(row(lazy, 0) == std::vector<float>(24, 1.0f));
  CHECK(row(dense, 0)[0] == doctest::Approx(1 - 0.1 * 0.5));
  const std::vector<float> later = train(true, 2);
  CHECK(row(later, 3) == row(lazy, 3));
  // Moments from zero at the second step: m / (1 - 0.9^2) over the root of v / (1 - 0.999^2).
  CHECK(row(later, 7)[0] ==
        doctest::Approx(1 - 0.1 * 0.5 - 0.1 * (0.1 / 0.19) / std::sqrt(0.001 / (1 - 0.999 * 0.999))));
}
