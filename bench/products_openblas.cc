#include <cblas.h>

#include <algorithm>

#include "bench/products.h"

namespace ingot::bench {
namespace {

std::string version() { return openblas_get_config(); }

void set_threads(int count) { openblas_set_num_threads(count); }

// c[rows,columns] = a b + beta c, either factor as it lies in memory or transposed.
void product(bool transpose_a, bool transpose_b, std::int64_t rows, std::int64_t columns, std::int64_t inner,
             const float* a, const float* b, float beta, float* c) {
  const auto of = [](std::int64_t size) { return static_cast<blasint>(size); };
  cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans, of(rows),
              of(columns), of(inner), 1.0f, a, of(transpose_a ? rows : inner), b, of(transpose_b ? inner : columns),
              beta, c, of(columns));
}

void forward(LinearShape s, const float* x, const float* w, const float* bias, float* y) {
  for (std::int64_t i = 0; i < s.m; ++i) std::copy_n(bias, s.n, y + i * s.n);
  product(false, true, s.m, s.n, s.k, x, w, 1.0f, y);
}

void input_gradient(LinearShape s, const float* dy, const float* w, float* dx) {
  product(false, false, s.m, s.k, s.n, dy, w, 0.0f, dx);
}

void weight_gradient(LinearShape s, const float* dy, const float* x, float* dw) {
  product(true, false, s.n, s.k, s.m, dy, x, 0.0f, dw);
}

}  // namespace

const ProductPeer kOpenBlas{"openblas", version, set_threads, forward, input_gradient, weight_gradient};

}  // namespace ingot::bench
