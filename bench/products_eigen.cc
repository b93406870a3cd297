#include <fmt/format.h>

#include <Eigen/Core>

#include "bench/products.h"

namespace ingot::bench {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using In = Eigen::Map<const Matrix>;
using Out = Eigen::Map<Matrix>;

std::string version() {
  return fmt::format("Eigen {}.{}.{}, {}", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION,
                     Eigen::SimdInstructionSetsInUse());
}

void set_threads(int count) { Eigen::setNbThreads(count); }

void forward(LinearShape s, const float* x, const float* w, const float* bias, float* y) {
  Out result(y, s.m, s.n);
  result.noalias() = In(x, s.m, s.k) * In(w, s.n, s.k).transpose();
  result.rowwise() += Eigen::Map<const Eigen::RowVectorXf>(bias, s.n);
}

void input_gradient(LinearShape s, const float* dy, const float* w, float* dx) {
  Out(dx, s.m, s.k).noalias() = In(dy, s.m, s.n) * In(w, s.n, s.k);
}

void weight_gradient(LinearShape s, const float* dy, const float* x, float* dw) {
  Out(dw, s.n, s.k).noalias() = In(dy, s.m, s.n).transpose() * In(x, s.m, s.k);
}

}  // namespace

const ProductPeer kEigen{"eigen", version, set_threads, forward, input_gradient, weight_gradient};

}  // namespace ingot::bench
