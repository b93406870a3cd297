#include <doctest/doctest.h>

#include <vector>

#include "engine/tensor/tensor.h"
#include "tests/support/error_text.h"

using namespace ingot::engine;
using ingot::test::contains;
using ingot::test::error_text;

TEST_CASE("a tensor is aligned to a cache line, and views share its memory") {
  const Tensor tensor = Tensor::from({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(reinterpret_cast<std::uintptr_t>(tensor.data()) % 64 == 0);
  CHECK(tensor.unique());
  const Tensor flat = tensor.reshape({6});
  const Tensor row = tensor.rows(1, 2);
  CHECK_FALSE(tensor.unique());
  flat.data()[4] = 50;
  CHECK(row.data()[1] == 50);
  CHECK(row.shape() == Shape{1, 3});
  CHECK(tensor.clone().data() != tensor.data());
}

TEST_CASE("shapes that do not fit are refused with both values") {
  const Tensor tensor = Tensor::zeros({2, 3});
  CHECK(contains(error_text([&] { (void)tensor.reshape({5}); }), "[2,3] holds 6 values, [5] asks for 5"));
  CHECK(contains(error_text([&] { (void)tensor.rows(1, 3); }), "[1, 3) is outside of [2,3]"));
  CHECK(contains(error_text([&] { (void)Tensor::from({2}, std::vector<float>(3)); }), "holds 2 values, got 3"));
}

TEST_CASE("freed memory is merged and used again, whatever the order of sizes") {
  const auto fill = [](std::int64_t scale) {
    std::vector<Tensor> tensors;
    for (const std::int64_t n : {5, 3000, 70, 100000}) tensors.push_back(Tensor::empty({n * scale}));
  };
  fill(8);
  const arena::Statistics before = arena::statistics();
  for (const std::int64_t scale : {1, 3, 8, 2, 7}) fill(scale);
  const arena::Statistics after = arena::statistics();
  CHECK(after.live_bytes == before.live_bytes);
  CHECK(after.extent_bytes == before.extent_bytes);
}

TEST_CASE("a small tensor takes the hole that a large one before it could not") {
  Tensor small = Tensor::empty({16});
  const Tensor fence = Tensor::empty({16});
  const float* hole = small.data();
  small = Tensor();
  const Tensor large = Tensor::empty({1 << 20});
  small = Tensor::empty({16});
  CHECK(small.data() == hole);
}
