#include "engine/autograd/gather.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/kernels/embedding/embedding.h"

namespace ingot::engine {
namespace {

void check_ids(const char* operation, std::span<const std::int32_t> ids, std::int64_t n_rows) {
  const auto outside = std::find_if(ids.begin(), ids.end(), [&](std::int32_t id) { return id < 0 || id >= n_rows; });
  require(outside == ids.end(), "{}: index {} at position {} is outside of the {} rows", operation,
          outside == ids.end() ? 0 : *outside, outside - ids.begin(), n_rows);
}

// table gradient [ids[i]] += dy[i]
void scatter_gradient(const Variable& table, const std::vector<std::int32_t>& ids, const Tensor& dy) {
  const auto n = static_cast<std::int64_t>(ids.size());
  std::vector<std::int32_t> order(ids.size());
  std::vector<std::int32_t> touched(
      static_cast<std::size_t>(kernels::embedding_order(n, table.shape()[0], ids.data(), order.data())));
  auto next = touched.begin();
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::int32_t id = ids[static_cast<std::size_t>(order[i])];
    if (next == touched.begin() || *(next - 1) != id) *next++ = id;
  }
  kernels::embedding_backward(n, dy.columns(), ids.data(), order.data(), dy.data(), table.gradient_rows(touched));
}

}  // namespace

Variable embedding(std::vector<Lookup> lookups) {
  assert(!lookups.empty() && lookups.size() <= 3);
  const std::int64_t n = lookups[0].table.shape()[1];
  const auto n_rows = static_cast<std::int64_t>(lookups[0].ids.size());
  Tensor y = Tensor::empty({n_rows, n});
  for (const Lookup& lookup : lookups) {
    require(lookup.table.shape()[1] == n, "embedding: tables differ in width: {} and {}", n, lookup.table.shape()[1]);
    require(static_cast<std::int64_t>(lookup.ids.size()) == n_rows,
            "embedding: tables get different numbers of ids: {} and {}", n_rows, lookup.ids.size());
    check_ids("embedding", lookup.ids, lookup.table.shape()[0]);
    kernels::embedding_forward(n_rows, n, lookup.ids.data(), lookup.table.value().data(), &lookup != lookups.data(),
                               y.data());
  }
  const auto table = [&](std::size_t i) { return i < lookups.size() ? lookups[i].table : Variable(); };
  const Variable first = table(0), second = table(1), third = table(2);
  return record(std::move(y), {first, second, third}, [lookups = std::move(lookups)](const Tensor& dy) {
    for (const Lookup& lookup : lookups) {
      if (lookup.table.requires_gradient()) scatter_gradient(lookup.table, lookup.ids, dy);
    }
  });
}

Variable select_rows(const Variable& x, std::vector<std::int32_t> rows) {
  const std::int64_t n = x.value().columns();
  check_ids("select_rows", rows, x.value().n_rows());
  const auto n_selected = static_cast<std::int64_t>(rows.size());
  Tensor y = Tensor::empty({n_selected, n});
  kernels::embedding_forward(n_selected, n, rows.data(), x.value().data(), false, y.data());
  return record(std::move(y), {x}, [x, n, rows = std::move(rows)](const Tensor& dy) {
    Tensor dx = Tensor::zeros(x.shape());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      float* out = dx.data() + rows[i] * n;
      const float* in = dy.data() + static_cast<std::int64_t>(i) * n;
      for (std::int64_t j = 0; j < n; ++j) out[j] += in[j];
    }
    x.add_gradient(dx);
  });
}

}  // namespace ingot::engine
