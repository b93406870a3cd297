#include "bench/eigen_products.h"

#include <Eigen/Core>

namespace ingot::bench {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using In = Eigen::Map<const Matrix>;
using Out = Eigen::Map<Matrix>;

}  // namespace

void EigenProducts::forward(const float* x, const float* w, const float* bias, float* y) const {
  Out result(y, m, n);
  result.noalias() = In(x, m, k) * In(w, n, k).transpose();
  result.rowwise() += Eigen::Map<const Eigen::RowVectorXf>(bias, n);
}

void EigenProducts::input_gradient(const float* dy, const float* w, float* dx) const {
  Out(dx, m, k).noalias() = In(dy, m, n) * In(w, n, k);
}

void EigenProducts::weight_gradient(const float* dy, const float* x, float* dw, float* dbias) const {
  Out(dw, n, k).noalias() = In(dy, m, n).transpose() * In(x, m, k);
  Eigen::Map<Eigen::RowVectorXf>(dbias, n).noalias() = In(dy, m, n).colwise().sum();
}

void set_eigen_threads(int count) { Eigen::setNbThreads(count); }

}  // namespace ingot::bench
