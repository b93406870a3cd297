// A linear layer's operands and its three products, by ingot and by a peer.
#pragma once

#include <algorithm>
#include <cstdint>

#include "bench/products.h"
#include "engine/base/rng.h"
#include "engine/kernels/bf16_gemm/bf16_gemm.h"
#include "engine/kernels/gemm/gemm.h"
#include "engine/tensor/tensor.h"

namespace ingot::bench {

inline engine::Tensor noise(std::int64_t rows, std::int64_t columns, std::uint64_t stream) {
  engine::Rng rng(1, stream);
  const engine::Tensor values = engine::Tensor::empty({rows, columns});
  for (float& value : values.span()) value = static_cast<float>(2.0 * rng.uniform() - 1.0);
  return values;
}

// The products write into `out`: a weight gradient is without the bias's, which no peer computes. All lie where a
// model's tensors do, for every peer.
struct LinearLayer {
  explicit LinearLayer(LinearShape s) : shape(s) {}

  double flops() const { return 2.0 * static_cast<double>(shape.m * shape.n * shape.k); }

  LinearShape shape;
  engine::Tensor x = noise(shape.m, shape.k, 1), w = noise(shape.n, shape.k, 2), bias = noise(1, shape.n, 3);
  engine::Tensor dy = noise(shape.m, shape.n, 4);
  engine::Tensor out = engine::Tensor::zeros({std::max({x.size(), w.size(), dy.size()})});
};

struct LinearProduct {
  const char* name;
  void (*ingot)(LinearLayer& layer);
  void (*bf16)(LinearLayer& layer);  // the same with factors in bfloat16
  void (*peer)(const ProductPeer& peer, LinearLayer& layer);
};

inline constexpr LinearProduct kLinearProducts[] = {
    {"forward",
     [](LinearLayer& l) {
       const auto [m, n, k] = l.shape;
       engine::kernels::linear_forward(m, n, k, l.x.data(), k, l.w.data(), l.bias.data(), engine::Activation::identity,
                                       nullptr, l.out.data(), n);
     },
     [](LinearLayer& l) {
       const auto [m, n, k] = l.shape;
       engine::kernels::bf16_linear_forward(m, n, k, l.x.data(), k, l.w.data(), l.bias.data(),
                                            engine::Activation::identity, nullptr, l.out.data(), n);
     },
     [](const ProductPeer& peer, LinearLayer& l) {
       peer.forward(l.shape, l.x.data(), l.w.data(), l.bias.data(), l.out.data());
     }},
    {"input_gradient",
     [](LinearLayer& l) {
       const auto [m, n, k] = l.shape;
       engine::kernels::linear_input_gradient(m, n, k, l.dy.data(), n, l.w.data(), false, l.out.data(), k);
     },
     [](LinearLayer& l) {
       const auto [m, n, k] = l.shape;
       engine::kernels::bf16_linear_input_gradient(m, n, k, l.dy.data(), n, l.w.data(), false, l.out.data(), k);
     },
     [](const ProductPeer& peer, LinearLayer& l) {
       peer.input_gradient(l.shape, l.dy.data(), l.w.data(), l.out.data());
     }},
    {"weight_gradient",
     [](LinearLayer& l) {
       const auto [m, n, k] = l.shape;
       engine::kernels::linear_weight_gradient(m, n, k, l.dy.data(), n, l.x.data(), k, false, l.out.data(), nullptr);
     },
     [](LinearLayer& l) {
       const auto [m, n, k] = l.shape;
       engine::kernels::bf16_linear_weight_gradient(m, n, k, l.dy.data(), n, l.x.data(), k, false, l.out.data(),
                                                    nullptr);
     },
     [](const ProductPeer& peer, LinearLayer& l) {
       peer.weight_gradient(l.shape, l.dy.data(), l.x.data(), l.out.data());
     }},
};

}  // namespace ingot::bench
