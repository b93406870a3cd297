#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "engine/kernels/embedding/embedding.h"
#include "engine/kernels/embedding/table.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;
using namespace ingot::test;

namespace {

// n ids below n_ids; every second one is 1, as padding would be.
std::vector<std::int32_t> some_ids(std::int64_t n, std::int32_t n_ids) {
  Rng rng(3);
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < n; ++i) {
    ids.push_back(i % 2 == 0 ? 1 % n_ids : static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(n_ids))));
  }
  return ids;
}

std::vector<std::int32_t> stable_order(const std::vector<std::int32_t>& ids) {
  std::vector<std::int32_t> order(ids.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return ids[static_cast<std::size_t>(a)] < ids[static_cast<std::size_t>(b)];
  });
  return order;
}

}  // namespace

TEST_CASE("gathering copies or adds rows of the table on every instruction set and tail size") {
  for_each_row(embedding_rows(), [](const EmbeddingRow& row) {
    for (const std::int64_t n_columns : kTailSizes) {
      CAPTURE(n_columns);
      const std::vector<std::int32_t> ids = some_ids(10, 6);
      const std::vector<float> table = noise(6 * n_columns, 1), before = noise(10 * n_columns + 1, 2);
      for (const bool accumulate : {false, true}) {
        std::vector<float> want = before, got = before;
        for (std::int64_t i = 0; i < 10 * n_columns; ++i) {
          const float value =
              table[static_cast<std::size_t>(ids[static_cast<std::size_t>(i / n_columns)] * n_columns + i % n_columns)];
          float& y = want[static_cast<std::size_t>(i)];
          y = accumulate ? y + value : value;
        }
        row.gather(10, n_columns, ids.data(), table.data(), accumulate, got.data());
        CHECK(same_bits(got, want));
      }
    }
  });
}

TEST_CASE("sums of rows are taken in their order on every instruction set and tail size") {
  for_each_row(embedding_rows(), [](const EmbeddingRow& row) {
    const std::vector<std::int32_t> order{2, 0, 4, 5, 1};
    for (const std::int64_t n_columns : kTailSizes) {
      CAPTURE(n_columns);
      const std::int64_t stride = n_columns + 3;
      const std::vector<float> dy = noise(6 * stride, 3);
      std::vector<float> got = noise(n_columns + 1, 4), want = got;
      for (const std::int32_t r : order) {
        for (std::int64_t c = 0; c < n_columns; ++c) {
          want[static_cast<std::size_t>(c)] += dy[static_cast<std::size_t>(r * stride + c)];
        }
      }
      row.add_rows(5, n_columns, stride, order.data(), dy.data(), got.data());
      CHECK(same_bits(got, want));
    }
  });
}

TEST_CASE("the order of ids is a stable sort and counts the different ids") {
  for (const std::int64_t n : {0, 1, 2, 100, 5000}) {
    for (const std::int32_t n_ids : {1, 2, 30522}) {
      const std::vector<std::int32_t> ids = some_ids(n, n_ids);
      std::vector<std::int32_t> order(ids.size()), different = ids;
      std::sort(different.begin(), different.end());
      const auto n_different = std::unique(different.begin(), different.end()) - different.begin();
      CHECK(embedding_order(n, n_ids, ids.data(), order.data()) == n_different);
      CHECK(order == stable_order(ids));
    }
  }
}

TEST_CASE("the gradient of an embedding adds rows in their order, bit for bit, on one and two threads") {
  for (const std::int32_t n_ids : {1, 2, 700}) {
    for (const std::int64_t n_columns : {1, 63, 64, 130}) {
      CAPTURE(n_ids);
      CAPTURE(n_columns);
      const std::int64_t n = 1000;
      const std::vector<std::int32_t> ids = some_ids(n, n_ids), order = stable_order(ids);
      const std::vector<float> dy = noise(n * n_columns, 5), before = noise(n_ids * n_columns, 6);
      std::vector<float> want = before;
      for (std::int64_t i = 0; i < n * n_columns; ++i) {
        want[static_cast<std::size_t>(ids[static_cast<std::size_t>(i / n_columns)] * n_columns + i % n_columns)] +=
            dy[static_cast<std::size_t>(i)];
      }
      const auto [one, two] = on_one_and_on(2, [&] {
        std::vector<float> d_table = before;
        embedding_backward(n, n_columns, ids.data(), order.data(), dy.data(), d_table.data());
        return d_table;
      });
      CHECK(same_bits(one, want));
      CHECK(same_bits(two, want));
    }
  }
}

TEST_CASE("gathering gives the same bits on one and two threads") {
  const std::vector<std::int32_t> ids = some_ids(3000, 50);
  const std::vector<float> table = noise(50 * 40, 7);
  const auto [one, two] = on_one_and_on(2, [&] {
    std::vector<float> y(3000 * 40, 1);
    embedding_forward(3000, 40, ids.data(), table.data(), true, y.data());
    return y;
  });
  CHECK(same_bits(one, two));
  CHECK(one[40 * 2999 + 39] == 1 + table[static_cast<std::size_t>(ids[2999] * 40 + 39)]);
}
