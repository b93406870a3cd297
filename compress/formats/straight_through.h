// The backward pass of what rounds or zeroes elements: the gradient of y goes to x element by element.
#pragma once

#include <vector>

#include "compress/formats/elements.h"
#include "engine/autograd/variable.h"

namespace ingot::compress {

// Adds pass(i, dy[i]) to the gradient of x[i]; of a row-sparse dy (`rows`, engine::Node::backward) in its rows only.
template <class Pass>
void send_back(const engine::Variable& x, const engine::Tensor& dy, const std::vector<std::int32_t>* rows,
               const Pass& pass) {
  const float* from = dy.data();
  if (rows != nullptr) {
    float* to = x.gradient_rows(*rows);
    const std::int64_t n = dy.columns();
    for (const std::int32_t row : *rows) {
      for (std::int64_t i = row * n; i < (row + 1) * n; ++i) to[i] += pass(i, from[i]);
    }
    return;
  }
  const engine::Tensor dx = dy.unique() ? dy : engine::Tensor::empty(dy.shape());
  float* to = dx.data();
  engine::parallel_for(dy.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = pass(i, from[i]);
  });
  x.add_gradient(dx);
}

// The same for a gradient that passes unchanged.
inline void send_back(const engine::Variable& x, const engine::Tensor& dy, const std::vector<std::int32_t>* rows) {
  if (rows == nullptr) return x.add_gradient(dy);
  send_back(x, dy, rows, [](std::int64_t, float g) { return g; });
}

}  // namespace ingot::compress
