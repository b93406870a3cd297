#include "engine/kernels/embedding/embedding.h"

#include <algorithm>
#include <vector>

#include "engine/base/threads.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/embedding/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kGatherGrain = 1 << 14;  // floats that one thread copies at a time
constexpr std::int64_t kRunGrain = 128;         // positions of the order whose runs one task adds
constexpr std::int64_t kColumnGrain = 64;       // columns of a task: one id of all rows still makes work for threads

constexpr const EmbeddingRow* kRows[] = {
#if defined(__x86_64__)
    &kEmbeddingAvx512,
    &kEmbeddingAvx2,
#endif
    &kEmbeddingReference,
};

}  // namespace

std::span<const EmbeddingRow* const> embedding_rows() { return kRows; }

void embedding_forward(std::int64_t n, std::int64_t n_columns, const std::int32_t* ids, const float* table,
                       bool accumulate, float* y) {
  const EmbeddingRow& row = active_row(embedding_rows());
  parallel_for(n, std::max<std::int64_t>(1, kGatherGrain / n_columns), [&](std::int64_t begin, std::int64_t end) {
    row.gather(end - begin, n_columns, ids + begin, table, accumulate, y + begin * n_columns);
  });
}

// A task adds, for its block of columns, the runs of equal ids that begin within its positions; so each element of the
// gradient belongs to one task.
void embedding_backward(std::int64_t n, std::int64_t n_columns, const std::int32_t* ids, const std::int32_t* order,
                        const float* dy, float* d_table) {
  const EmbeddingRow& row = active_row(embedding_rows());
  const std::int64_t n_blocks = (n_columns + kColumnGrain - 1) / kColumnGrain;
  const auto id_at = [&](std::int64_t position) { return ids[order[position]]; };
  const auto add_runs = [&](std::int64_t begin, std::int64_t end, std::int64_t column) {
    const std::int64_t width = std::min(kColumnGrain, n_columns - column);
    while (begin > 0 && begin < end && id_at(begin) == id_at(begin - 1)) ++begin;
    while (begin < end) {
      const std::int32_t id = id_at(begin);
      std::int64_t run_end = begin + 1;
      while (run_end < n && id_at(run_end) == id) ++run_end;
      row.add_rows(run_end - begin, width, n_columns, order + begin, dy + column, d_table + id * n_columns + column);
      begin = run_end;
    }
  };
  const std::int64_t n_tasks = (n + kRunGrain - 1) / kRunGrain * n_blocks;
  parallel_for(n_tasks, 1, [&](std::int64_t task, std::int64_t) {
    const std::int64_t begin = task / n_blocks * kRunGrain;
    add_runs(begin, std::min(n, begin + kRunGrain), task % n_blocks * kColumnGrain);
  });
}

std::int64_t embedding_order(std::int64_t n, std::int64_t n_ids, const std::int32_t* ids, std::int32_t* order) {
  thread_local std::vector<std::int32_t> next;  // where the next row of an id goes
  next.assign(static_cast<std::size_t>(n_ids), 0);
  for (std::int64_t i = 0; i < n; ++i) ++next[static_cast<std::size_t>(ids[i])];
  std::int64_t n_different = 0;
  std::int32_t position = 0;
  for (std::int32_t& slot : next) {
    const std::int32_t count = slot;
    n_different += count > 0;
    slot = position;
    position += count;
  }
  for (std::int64_t i = 0; i < n; ++i) order[next[static_cast<std::size_t>(ids[i])]++] = static_cast<std::int32_t>(i);
  return n_different;
}

}  // namespace ingot::engine::kernels
