#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "engine/autograd/elementwise.h"
#include "engine/autograd/gather.h"
#include "engine/autograd/loss.h"
#include "engine/autograd/matmul.h"
#include "engine/autograd/shards.h"
#include "tests/support/error_text.h"

using namespace ingot::engine;

namespace {

Variable leaf(const Shape& shape, std::initializer_list<float> values) {
  return Variable(Tensor::from(shape, std::vector<float>(values)), true);
}

}  // namespace

TEST_CASE("a variable used twice gets the sum of both gradients") {
  const Variable x = leaf({2}, {3, -1});
  backward(sum(add(add(x, x), x)));
  CHECK(x.gradient().data()[0] == 3);
  CHECK(x.gradient().data()[1] == 3);
}

TEST_CASE("a gradient that two variables share is copied before one of them changes it") {
  const Variable a = leaf({1}, {1}), b = leaf({1}, {1});
  const Variable both = add(a, b);  // a and b get one tensor
  backward(sum(add(both, a)));      // and a gets one more
  CHECK(a.gradient().data()[0] == 2);
  CHECK(b.gradient().data()[0] == 1);
}

TEST_CASE("gradients add up over calls until they are cleared") {
  Variable x = leaf({1}, {1});
  backward(sum(x));
  backward(sum(x));
  CHECK(x.gradient().data()[0] == 2);
  x.clear_gradient();
  CHECK(x.gradient().data()[0] == 0);
  backward(sum(x));
  CHECK(x.gradient().data()[0] == 1);
}

TEST_CASE("nothing is recorded while gradients are off, and backward says so") {
  const Variable x = leaf({1}, {1});
  const NoGradient off;
  const Variable y = sum(x);
  CHECK_FALSE(y.requires_gradient());
  CHECK(ingot::test::contains(ingot::test::error_text([&] { backward(y); }), "depends on no variable"));
}

TEST_CASE("an embedding's gradient touches the rows that were looked up, and only these") {
  Variable table(Tensor::zeros({5, 2}), true);
  for (int step = 0; step < 2; ++step) {
    table.clear_gradient();
    backward(sum(embedding({{table, step == 0 ? std::vector<std::int32_t>{4, 1, 4} : std::vector<std::int32_t>{2}}})));
    REQUIRE(table.touched_rows() != nullptr);
    CHECK(*table.touched_rows() == (step == 0 ? std::vector<std::int32_t>{1, 4} : std::vector<std::int32_t>{2}));
    const std::vector<float> expected =
        step == 0 ? std::vector<float>{0, 1, 0, 0, 2} : std::vector<float>{0, 0, 1, 0, 0};
    for (int row = 0; row < 5; ++row)
      CHECK(table.gradient().data()[2 * row] == expected[static_cast<std::size_t>(row)]);
  }
}

TEST_CASE("a table that is also a decoder gets both gradients in one dense sum, in either order") {
  for (const bool lookup_first : {true, false}) {
    Variable table(Tensor::full({3, 2}, 1.0f), true);
    const Variable found = embedding({{table, {1}}});
    const Variable product = linear(Variable(Tensor::full({1, 2}, 10.0f)), table, {});
    backward(lookup_first ? add(sum(found), sum(product)) : add(sum(product), sum(found)));
    CHECK(table.touched_rows() == nullptr);
    CHECK(table.gradient().data()[0] == 10);
    CHECK(table.gradient().data()[2] == 11);
  }
}

TEST_CASE("shapes and indices that do not fit are refused") {
  using ingot::test::contains;
  using ingot::test::error_text;
  const Variable x = leaf({1, 2}, {1, 2}), w = leaf({1, 3}, {1, 2, 3});
  CHECK(contains(error_text([&] { linear(x, w, {}); }), "linear: inner sizes differ: input [1,2], weight [1,3]"));
  CHECK(contains(error_text([&] { embedding({{w, {1}}}); }), "index 1 at position 0 is outside of the 1 rows"));
  CHECK(
      contains(error_text([&] { cross_entropy(x, std::vector<std::int32_t>{2}); }), "label 2 is outside of 2 classes"));
  CHECK(contains(error_text([&] { cross_entropy(x, std::vector<std::int32_t>{-100}); }), "all 1 labels are ignored"));
  CHECK(contains(error_text([&] { backward(add(x, x)); }), "must be one number"));
}

TEST_CASE("gradients of shards are added, dense and row-sparse, and a transform is computed and differentiated once") {
  Variable table(Tensor::full({5, 2}, 3.0f), true), w(Tensor::full({2}, 2.0f), true);
  std::atomic<int> n_computed{0}, n_differentiated{0};
  const TensorTransform doubled = [&](const Variable& x) {
    ++n_computed;
    Tensor y = Tensor::empty(x.shape());
    for (std::int64_t i = 0; i < y.size(); ++i) y.data()[i] = 2 * x.value().data()[i];
    return record(std::move(y), {x}, [&, x](const Tensor& dy) {
      ++n_differentiated;
      x.add_gradient(dy);
      x.add_gradient(dy);
    });
  };
  Shards shards({table, w}, 5);
  for (int repeat = 1; repeat <= 2; ++repeat) {
    table.clear_gradient();
    w.clear_gradient();
    shards.run([&](std::int64_t shard) {
      if (shard == 3) return;  // nothing to learn there
      const auto row = static_cast<std::int32_t>(shard % 3);
      backward(add(sum(embedding({{table, {row, 4}}})), sum(once(w, doubled))));
    });
    CHECK_FALSE(w.has_gradient());
    shards.add_up(0.5f);
    REQUIRE(table.touched_rows() != nullptr);
    CHECK(*table.touched_rows() == std::vector<std::int32_t>{0, 1, 2, 4});
    const Tensor rows = table.gradient(), dense = w.gradient();
    CHECK(std::vector<float>(rows.data(), rows.data() + 10) ==
          std::vector<float>{0.5f, 0.5f, 1, 1, 0.5f, 0.5f, 0, 0, 2, 2});
    CHECK(std::vector<float>(dense.data(), dense.data() + 2) == std::vector<float>{4, 4});
    CHECK(n_computed == repeat);
    CHECK(n_differentiated == repeat);
  }
  CHECK(once(w, doubled).value().data()[0] == 4);  // outside of a step it is the transform
}

TEST_CASE("a table that is transformed once for all shards has a gradient of the rows that they looked up") {
  Variable table(Tensor::full({6, 2}, 3.0f), true);
  const TensorTransform passed = [](const Variable& x) {
    return record(x.value().clone(), {x}, [x](const Tensor& dy, const std::vector<std::int32_t>* rows) {
      REQUIRE(rows != nullptr);
      float* to = x.gradient_rows(*rows);
      for (const std::int32_t row : *rows)
        for (std::int64_t i = 2 * row; i < 2 * row + 2; ++i) to[i] += dy.data()[i];
    });
  };
  Shards shards({table}, 3);
  shards.run([&](std::int64_t shard) {
    backward(sum(embedding({{once(table, passed), {static_cast<std::int32_t>(shard), 4}}})));
  });
  shards.add_up(1);
  REQUIRE(table.touched_rows() != nullptr);
  CHECK(*table.touched_rows() == std::vector<std::int32_t>{0, 1, 2, 4});
  const Tensor gradient = table.gradient();
  CHECK(std::vector<float>(gradient.data(), gradient.data() + 12) ==
        std::vector<float>{1, 1, 1, 1, 1, 1, 0, 0, 3, 3, 0, 0});
}

TEST_CASE("gradients of shards are added as a binary tree, those of one without a gradient are passed over") {
  // In float32, 3 is lost beside 2^27: the sum says in which order it was made.
  const float big = 134217728.0f;
  Variable w(Tensor::zeros({1}), true);
  const auto sum_of = [&](const std::vector<float>& parts) {
    Shards shards({w}, static_cast<std::int64_t>(parts.size()));
    w.clear_gradient();
    shards.run([&](std::int64_t i) {
      const float part = parts[static_cast<std::size_t>(i)];
      if (part != 0) backward(sum(w), Tensor::full({1}, part));
    });
    shards.add_up(1);
    return w.gradient().data()[0];
  };
  CHECK(sum_of({big, 1, -big, 1}) == 0);           // (big + 1) + (-big + 1)
  CHECK(sum_of({big, -big, 1, 1}) == 2);           // (big - big) + (1 + 1)
  CHECK(sum_of({big, 0, -big, 0, 1}) == 1);        // (big + -big) + 1
  CHECK(sum_of({1, 1, big, 0, -big, 0, 3}) == 0);  // ((1 + 1) + big) + (-big + 3)
  CHECK(sum_of({5, 6, 7}) == 18);
}
