// Gather rows of a table, and the row-sparse gradient of that.
#pragma once

#include <cstdint>

namespace ingot::engine::kernels {

// y[i] (+)= table[ids[i]] for i < n; rows of n_columns floats; added to y if accumulate. Threads inside.
void embedding_forward(std::int64_t n, std::int64_t n_columns, const std::int32_t* ids, const float* table,
                       bool accumulate, float* y);

// d_table[ids[i]] += dy[i]. Rows of one id are added in the order of i, whatever the number of threads. `order` [n] is
// 0 .. n-1 sorted stably by ids (embedding_order). Threads inside.
void embedding_backward(std::int64_t n, std::int64_t n_columns, const std::int32_t* ids, const std::int32_t* order,
                        const float* dy, float* d_table);

// order = 0 .. n-1 sorted stably by id; 0 <= ids[i] < n_ids. Returns the number of different ids.
std::int64_t embedding_order(std::int64_t n, std::int64_t n_ids, const std::int32_t* ids, std::int32_t* order);

}  // namespace ingot::engine::kernels
