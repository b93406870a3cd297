// The three products of a linear layer by other libraries: the peers that the benches compare with. A library that was
// not there when the build was configured has no row.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace ingot::bench {

struct LinearShape {
  std::int64_t m, n, k;  // x[m,k], w[n,k], dy[m,n]; row-major, rows contiguous
};

struct ProductPeer {
  const char* name;
  std::string (*version)();
  void (*set_threads)(int count);
  // y = x w^T + bias.
  void (*forward)(LinearShape shape, const float* x, const float* w, const float* bias, float* y);
  // dx = dy w.
  void (*input_gradient)(LinearShape shape, const float* dy, const float* w, float* dx);
  // dw = dy^T x, and nothing else: the gradient of the bias is in ingot's time alone.
  void (*weight_gradient)(LinearShape shape, const float* dy, const float* x, float* dw);
};

extern const ProductPeer kEigen;
extern const ProductPeer kOpenBlas;
extern const ProductPeer kOneDnn;

// Those that this build has.
std::span<const ProductPeer* const> product_peers();

// One sentence for each that it lacks, with the package that brings it; empty where all are there.
std::string missing_product_peers();

}  // namespace ingot::bench
