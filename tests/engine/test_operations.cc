// Every differentiable operation against central differences, through a random projection to a scalar.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>

#include "engine/autograd/attention.h"
#include "engine/autograd/check_gradients.h"
#include "engine/autograd/elementwise.h"
#include "engine/autograd/gather.h"
#include "engine/autograd/loss.h"
#include "engine/autograd/matmul.h"
#include "engine/autograd/norm.h"
#include "engine/base/error.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using Variables = std::vector<Variable>;

namespace {

// Float32 differences with h = 1e-2 of functions with values of order 1: rounding 1e-7 / h = 1e-5, curvature h^2 =
// 1e-4.
constexpr double kTolerance = 2e-3;

Variable random_leaf(const Shape& shape, std::uint64_t stream, double scale = 0.5) {
  return Variable(Tensor::from(shape, ingot::test::noise(shape.size(), stream, scale)), true);
}

// sum_i c_i y_i with fixed random c: every element of the gradient of y is different.
Variable project(const Variable& y) {
  const std::int64_t n = y.value().size();
  const Variable flat = make_variable(y.node());
  const Tensor c = Tensor::from({1, n}, ingot::test::noise(n, 99));
  const Tensor row = y.value().reshape({1, n});
  return record(Tensor::full({1},
                             [&] {
                               double total = 0;
                               for (std::int64_t i = 0; i < n; ++i) total += double(c.data()[i]) * row.data()[i];
                               return static_cast<float>(total);
                             }()),
                {flat}, [flat, c](const Tensor& d) {
                  Tensor dy = c.reshape(flat.shape()).clone();
                  for (float& g : dy.span()) g *= d.data()[0];
                  flat.add_gradient(dy);
                });
}

void check(const std::function<Variable(const Variables&)>& f, const Variables& inputs) {
  const GradientError error = check_gradients([&](const Variables& v) { return project(f(v)); }, inputs);
  INFO("input ", error.input, " element ", error.element);
  CHECK(error.worst < kTolerance);
}

std::shared_ptr<const Sequences> sequences(std::vector<std::int32_t> offsets, std::vector<std::uint8_t> visible = {}) {
  return std::make_shared<Sequences>(Sequences{std::move(offsets), std::move(visible)});
}

constexpr Activation kActivations[] = {Activation::identity, Activation::gelu, Activation::gelu_tanh, Activation::relu,
                                       Activation::tanh};

}  // namespace

TEST_CASE("linear layers with every activation have the gradients of their differences") {
  for (const Activation activation : kActivations) {
    for (const std::int64_t n : {1, 5, 17}) {
      INFO(name(activation), " ", n);
      check([&](const Variables& v) { return linear(v[0], v[1], v[2], activation); },
            {random_leaf({3, 7}, 1), random_leaf({n, 7}, 2), random_leaf({n}, 3)});
    }
  }
  check([](const Variables& v) { return linear(v[0], v[1], {}); }, {random_leaf({2, 3, 4}, 4), random_leaf({5, 4}, 5)});
}

TEST_CASE("a linear layer with frozen weights or a frozen bias still differentiates the rest") {
  const Variable frozen(random_leaf({4, 3}, 1).value());
  check([&](const Variables& v) { return linear(v[0], frozen, v[1]); }, {random_leaf({2, 3}, 2), random_leaf({4}, 3)});
  const Variable bias(random_leaf({4}, 1).value());
  check([&](const Variables& v) { return linear(v[0], v[1], bias); }, {random_leaf({2, 3}, 2), random_leaf({4, 3}, 3)});
}

TEST_CASE("a linear layer adds to gradients that were there before") {
  check([](const Variables& v) { return add(linear(v[0], v[1], v[2]), linear(v[0], v[1], v[2], Activation::tanh)); },
        {random_leaf({2, 3}, 1), random_leaf({4, 3}, 2), random_leaf({4}, 3)});
  check([](const Variables& v) { return add(linear(v[0], v[1], {}), linear(v[0], v[1], v[2])); },
        {random_leaf({2, 3}, 1), random_leaf({4, 3}, 2), random_leaf({4}, 3)});
}

TEST_CASE("matrix products have the gradients of their differences") {
  check([](const Variables& v) { return matmul(v[0], v[1]); }, {random_leaf({3, 6}, 1), random_leaf({6, 5}, 2)});
}

TEST_CASE("sums, activations, softmax and dropout have the gradients of their differences") {
  check([](const Variables& v) { return add(v[0], v[1]); }, {random_leaf({3, 4}, 1), random_leaf({3, 4}, 2)});
  for (const Activation activation : kActivations) {
    check([&](const Variables& v) { return activate(v[0], activation); }, {random_leaf({5, 7}, 3, 1.5)});
  }
  check([](const Variables& v) { return softmax(v[0]); }, {random_leaf({3, 9}, 4, 1.0)});
  check([](const Variables& v) { return dropout(v[0], {.probability = 0.4f, .seed = 3, .stream = 8}); },
        {random_leaf({6, 33}, 5)});
}

TEST_CASE("layer norm, with and without residual and dropout, has the gradient of its differences") {
  const Variable zero(Tensor::zeros({4, 19}));
  const Dropout half{.probability = 0.5f, .seed = 3, .stream = 8};
  const Variables inputs{random_leaf({4, 19}, 1, 1.0), random_leaf({4, 19}, 2, 1.0), random_leaf({19}, 3),
                         random_leaf({19}, 4)};
  // layer_norm takes its input over, so it gets a copy.
  check([&](const Variables& v) { return layer_norm(add(v[0], zero), {}, v[1], v[2], 1e-5f); },
        {inputs[0], inputs[2], inputs[3]});
  check([&](const Variables& v) { return layer_norm(add(v[0], zero), v[1], v[2], v[3], 1e-5f); }, inputs);
  check([&](const Variables& v) { return layer_norm(add(v[0], zero), v[1], v[2], v[3], 1e-5f, half); }, inputs);
}

TEST_CASE("attention with padding and dropout has the gradient of its differences") {
  const auto some = sequences({0, 1, 6, 9}, {1, 1, 0, 1, 1, 0, 1, 1, 1});
  const auto dense = sequences({0, 4, 9});
  const Variables inputs{random_leaf({9, 8}, 1, 1.0), random_leaf({9, 8}, 2, 1.0), random_leaf({9, 8}, 3, 1.0)};
  for (const float probability : {0.0f, 0.3f}) {
    const Dropout dropout{.probability = probability, .seed = 5, .stream = 6};
    check([&](const Variables& v) { return attention(v[0], v[1], v[2], some, 2, dropout); }, inputs);
    check([&](const Variables& v) { return attention(v[0], v[1], v[2], dense, 1, dropout); }, inputs);
  }
}

TEST_CASE("lookups, selections and pooling have the gradients of their differences") {
  check(
      [](const Variables& v) {
        return embedding({{v[0], {2, 0, 2, 1}}, {v[1], {0, 1, 2, 3}}, {v[2], {0, 0, 0, 0}}});
      },
      {random_leaf({3, 5}, 1), random_leaf({4, 5}, 2), random_leaf({2, 5}, 3)});
  check([](const Variables& v) { return select_rows(v[0], {3, 1, 3}); }, {random_leaf({4, 5}, 4)});
  const auto padded = sequences({0, 2, 5}, {1, 0, 1, 1, 0});
  check([&](const Variables& v) { return first_rows(v[0], padded); }, {random_leaf({5, 3}, 5)});
  check([&](const Variables& v) { return mean_rows(v[0], padded); }, {random_leaf({5, 3}, 6)});
}

TEST_CASE("cross entropy with ignored labels has the gradient of its differences") {
  check(
      [](const Variables& v) {
        return cross_entropy(v[0], std::vector<std::int32_t>{2, -100, 0, 4});
      },
      {random_leaf({4, 5}, 1, 1.0)});
}

TEST_CASE("weighted cross entropy is the weighted mean, with the gradient of its differences") {
  const std::vector<std::int32_t> labels{2, -100, 0, 4, 2};
  const std::vector<float> weights{0.25f, 1.0f, 3.0f, 0.0f, 10.0f};
  check([&](const Variables& v) { return weighted_cross_entropy(v[0], labels, weights); },
        {random_leaf({5, 5}, 1, 1.0)});

  const Variable logits = random_leaf({5, 5}, 2, 1.0);
  double sum = 0, total = 0;  // sum w (log sum exp z - z[label]) / sum w, in double precision
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (labels[r] < 0) continue;
    const float* z = logits.value().data() + 5 * r;
    double exponentials = 0;
    for (int c = 0; c < 5; ++c) exponentials += std::exp(double{z[c]});
    const double w = weights[static_cast<std::size_t>(labels[r])];
    sum += w * (std::log(exponentials) - double{z[labels[r]]});
    total += w;
  }
  CHECK(weighted_cross_entropy(logits, labels, weights).value().data()[0] ==
        doctest::Approx(sum / total).epsilon(1e-6));

  // Weights that are all the same are none.
  const std::vector<float> same(5, 7.0f);
  CHECK(weighted_cross_entropy(logits, labels, same).value().data()[0] ==
        doctest::Approx(cross_entropy(logits, labels).value().data()[0]).epsilon(1e-6));
  CHECK_THROWS_AS(weighted_cross_entropy(logits, labels, std::vector<float>(5, 0.0f)), Error);
  CHECK_THROWS_AS(weighted_cross_entropy(logits, labels, std::vector<float>(4, 1.0f)), Error);
}

TEST_CASE("smoothed cross entropy is PyTorch's, with weights or without, with the gradient of its differences") {
  const std::vector<std::int32_t> labels{2, -100, 0, 4, 2};
  const double smoothing = 0.3;
  for (const std::vector<float>& weights : {std::vector<float>{}, std::vector<float>{0.25f, 1.0f, 3.0f, 0.0f, 10.0f}}) {
    CAPTURE(weights.size());
    check([&](const Variables& v) { return smoothed_cross_entropy(v[0], labels, weights, smoothing); },
          {random_leaf({5, 5}, 1, 1.0)});

    // sum of -w[c] ((1 - s) [c = label] + s / 5) log p[c] over rows and classes / sum of w[label], in double precision
    const Variable logits = random_leaf({5, 5}, 2, 1.0);
    double sum = 0, total = 0;
    for (std::size_t r = 0; r < labels.size(); ++r) {
      if (labels[r] < 0) continue;
      const float* z = logits.value().data() + 5 * r;
      double exponentials = 0;
      for (int c = 0; c < 5; ++c) exponentials += std::exp(double{z[c]});
      for (int c = 0; c < 5; ++c) {
        const double w = weights.empty() ? 1.0 : double{weights[static_cast<std::size_t>(c)]};
        const double target = (c == labels[r] ? 1 - smoothing : 0.0) + smoothing / 5;
        sum -= w * target * (double{z[c]} - std::log(exponentials));
        if (c == labels[r]) total += w;
      }
    }
    CHECK(smoothed_cross_entropy(logits, labels, weights, smoothing).value().data()[0] ==
          doctest::Approx(sum / total).epsilon(1e-6));
    const float plain = weights.empty() ? cross_entropy(logits, labels).value().data()[0]
                                        : weighted_cross_entropy(logits, labels, weights).value().data()[0];
    CHECK(smoothed_cross_entropy(logits, labels, weights, 0).value().data()[0] == doctest::Approx(plain).epsilon(1e-6));
  }
  CHECK_THROWS_AS(smoothed_cross_entropy(random_leaf({5, 5}, 2), labels, std::vector<float>(4, 1.0f), 0.1), Error);
}

TEST_CASE("cross entropy through tiles is that of the whole logits, in value and gradient") {
  const std::int64_t n_rows = 600, n_classes = 37, k = 5;
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < n_rows; ++i)
    labels.push_back(i % 7 == 0 ? -100 : static_cast<std::int32_t>(i % n_classes));
  std::vector<Tensor> results;
  for (const bool tiled : {false, true}) {
    const Variable x = random_leaf({n_rows, k}, 1), w = random_leaf({n_classes, k}, 2), b = random_leaf({n_classes}, 3);
    const Variable loss = tiled ? linear_cross_entropy(x, w, b, labels) : cross_entropy(linear(x, w, b), labels);
    backward(add(loss, loss));
    for (const Tensor& t : {loss.value(), x.gradient(), w.gradient(), b.gradient()}) results.push_back(t);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::int64_t e = 0; e < results[i].size(); ++e) {
      CHECK(results[i].data()[e] == doctest::Approx(results[i + 4].data()[e]).epsilon(1e-5));
    }
  }
}
