#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/rng.h"
#include "engine/kernels/gemm/table.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;

namespace {

struct Shape {
  std::int64_t m, n, k;
};

// Tails of every tile height and panel width, each path (few rows, few columns, some rows, packed), several blocks of
// the inner dimension, rows that compete for cache sets, several tasks and cuts of the tokens.
constexpr Shape kShapes[] = {
    {1, 1, 1},     {1, 2, 128},     {2, 33, 7},     {3, 16, 17},     {5, 65, 31},     {6, 13, 8},     {7, 31, 260},
    {13, 48, 16},  {14, 15, 33},    {15, 64, 5},    {28, 17, 70},    {29, 40, 1},     {30, 13, 19},   {31, 70, 515},
    {43, 32, 96},  {57, 12, 40},    {61, 11, 300},  {113, 50, 64},   {130, 5, 3},     {257, 1, 130},  {64, 300, 48},
    {64, 48, 300}, {700, 64, 96},   {1100, 20, 33}, {20, 900, 64},   {2, 1500, 300},  {67, 40, 1100}, {9, 13, 3},
    {24, 21, 66},  {96, 100, 1027}, {97, 37, 129},  {130, 40, 1024}, {300, 600, 130},
};

// A row-major matrix whose rows are `stride` apart, with a mark in the gaps.
struct Matrix {
  static constexpr float kMark = 12345.0f;

  Matrix(std::int64_t rows, std::int64_t columns, std::int64_t gap, Rng& rng)
      : rows(rows), columns(columns), stride(columns + gap), values(static_cast<std::size_t>(rows * stride), kMark) {
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) at(i, j) = static_cast<float>(2.0 * rng.uniform() - 1.0);
  }

  float& at(std::int64_t i, std::int64_t j) { return values[static_cast<std::size_t>(i * stride + j)]; }
  float at(std::int64_t i, std::int64_t j) const { return values[static_cast<std::size_t>(i * stride + j)]; }
  float* data() { return values.data(); }
  const float* data() const { return values.data(); }

  bool gaps_untouched() const {
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = columns; j < stride; ++j)
        if (at(i, j) != kMark) return false;
    return true;
  }

  std::int64_t rows, columns, stride;
  std::vector<float> values;
};

// The largest error of `got`, as a share of the bound for a sum of `terms` products and a start value: every one of
// terms + 2 roundings is at most 2^-24 of the sum of magnitudes.
template <class Start, class Product>
double worst(const Matrix& got, std::int64_t terms, const Start& start, const Product& product) {
  double largest = 0.0;
  for (std::int64_t i = 0; i < got.rows; ++i) {
    for (std::int64_t j = 0; j < got.columns; ++j) {
      double sum = start(i, j), magnitude = std::abs(sum);
      for (std::int64_t p = 0; p < terms; ++p) {
        const double term = product(i, j, p);
        sum += term;
        magnitude += std::abs(term);
      }
      const double bound = static_cast<double>(terms + 2) * std::ldexp(magnitude, -24);
      largest = std::max(largest, std::abs(got.at(i, j) - sum) / bound);
    }
  }
  return largest;
}

template <class Check>
void for_each_case(const Check& check) {
  ingot::test::for_each_row(gemm_rows(), [&](const GemmRow& row) {
    for (const Shape shape : kShapes) {
      for (const bool variant : {false, true}) {
        INFO(shape.m, "x", shape.n, "x", shape.k, " variant ", variant);
        Rng rng(static_cast<std::uint64_t>(shape.m * 1000 + shape.n), static_cast<std::uint64_t>(Stream::test));
        check(row, shape, variant, rng);
      }
    }
  });
}

template <class Run>
void check_same_bits_for_any_threads(const Run& run) {
  for (const int count : {2, 3}) {
    const auto [one, many] = ingot::test::on_one_and_on(count, run);
    CHECK(ingot::test::same_bits(one, many));
  }
}

}  // namespace

TEST_CASE("the forward product of every instruction set agrees with sums in double") {
  for_each_case([](const GemmRow& row, Shape shape, bool with_bias, Rng& rng) {
    const auto [m, n, k] = shape;
    const std::int64_t gap = with_bias ? 3 : 0;
    const Matrix x(m, k, gap, rng), w(n, k, 0, rng), bias(1, n, 0, rng);
    Matrix y(m, n, gap, rng);
    linear_forward(row, m, n, k, x.data(), x.stride, w.data(), with_bias ? bias.data() : nullptr, Activation::identity,
                   nullptr, y.data(), y.stride);
    const auto start = [&](std::int64_t, std::int64_t j) { return with_bias ? bias.at(0, j) : 0.0; };
    CHECK(worst(y, k, start, [&](auto i, auto j, auto p) { return double{x.at(i, p)} * w.at(j, p); }) <= 1.0);
    CHECK(y.gaps_untouched());
  });
}

TEST_CASE("the input gradient of every instruction set agrees with sums in double") {
  for_each_case([](const GemmRow& row, Shape shape, bool accumulate, Rng& rng) {
    const auto [m, n, k] = shape;
    const std::int64_t gap = accumulate ? 5 : 0;
    const Matrix dy(m, n, gap, rng), w(n, k, 0, rng);
    Matrix dx(m, k, gap, rng);
    const Matrix before = dx;
    linear_input_gradient(row, m, n, k, dy.data(), dy.stride, w.data(), accumulate, dx.data(), dx.stride);
    const auto start = [&](auto i, auto j) { return accumulate ? before.at(i, j) : 0.0; };
    CHECK(worst(dx, n, start, [&](auto i, auto j, auto p) { return double{dy.at(i, p)} * w.at(p, j); }) <= 1.0);
    CHECK(dx.gaps_untouched());
  });
}

TEST_CASE("the weight and bias gradients of every instruction set agree with sums in double") {
  for_each_case([](const GemmRow& row, Shape shape, bool accumulate, Rng& rng) {
    const auto [m, n, k] = shape;
    const std::int64_t gap = accumulate ? 2 : 0;
    const Matrix dy(m, n, gap, rng), x(m, k, gap, rng);
    Matrix dw(n, k, 0, rng), dbias(1, n, 0, rng);
    const Matrix dw_before = dw, dbias_before = dbias;
    linear_weight_gradient(row, m, n, k, dy.data(), dy.stride, x.data(), x.stride, accumulate, dw.data(), dbias.data());
    const auto start = [&](auto i, auto j) { return accumulate ? dw_before.at(i, j) : 0.0; };
    const auto bias_start = [&](auto, auto j) { return accumulate ? dbias_before.at(0, j) : 0.0; };
    CHECK(worst(dw, m, start, [&](auto i, auto j, auto p) { return double{dy.at(p, i)} * x.at(p, j); }) <= 1.0);
    CHECK(worst(dbias, m, bias_start, [&](auto, auto j, auto p) { return dy.at(p, j); }) <= 1.0);
    Matrix alone = dw_before;
    linear_weight_gradient(row, m, n, k, dy.data(), dy.stride, x.data(), x.stride, accumulate, alone.data(), nullptr);
    CHECK(alone.values == dw.values);
  });
}

// n floats with nothing behind them that may be read.
class Guarded {
 public:
  explicit Guarded(std::int64_t n) : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    const std::size_t n_bytes = static_cast<std::size_t>(n) * sizeof(float);
    n_pages_ = n_bytes / page_ + 2;
    map_ =
        static_cast<char*>(mmap(nullptr, n_pages_ * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(map_ != MAP_FAILED);
    REQUIRE(mprotect(map_ + (n_pages_ - 1) * page_, page_, PROT_NONE) == 0);
    data_ = reinterpret_cast<float*>(map_ + (n_pages_ - 1) * page_ - n_bytes);
    std::fill_n(data_, n, 0.5f);
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() { munmap(map_, n_pages_ * page_); }
  float* data() { return data_; }

 private:
  std::size_t page_, n_pages_ = 0;
  char* map_ = nullptr;
  float* data_ = nullptr;
};

TEST_CASE(
    "products of every instruction set touch nothing behind the last value of a matrix, also if a row is as long as a "
    "panel") {
  ingot::test::for_each_row(gemm_rows(), [](const GemmRow& row) {
    for (const std::int64_t stride : {row.panel, row.panel + 1, 2 * row.panel}) {
      for (const std::int64_t columns : {std::int64_t{1}, row.panel / 2, row.panel - 1, row.panel}) {
        for (const std::int64_t m : {1, 5, 40, 130}) {
          INFO(m, " rows of ", columns, ", ", stride, " apart");
          const std::int64_t n = 7, size = (m - 1) * stride + columns;
          Guarded x(size), dx(size), dy(m * n), dw(n * columns), dbias(n);
          linear_weight_gradient(row, m, n, columns, dy.data(), n, x.data(), stride, false, dw.data(), dbias.data());
          CHECK(dw.data()[n * columns - 1] == doctest::Approx(0.25 * static_cast<double>(m)));
          linear_input_gradient(row, m, n, columns, dy.data(), n, dw.data(), false, dx.data(), stride);
          linear_forward(row, m, n, columns, x.data(), stride, dw.data(), dbias.data(), Activation::identity, nullptr,
                         dy.data(), n);
          CHECK(std::isfinite(dy.data()[m * n - 1] + dx.data()[size - 1]));
        }
      }
    }
  });
}

TEST_CASE("a gradient over no tokens is zero, or leaves what it is added to") {
  ingot::test::for_each_row(gemm_rows(), [](const GemmRow& row) {
    Rng rng(1);
    Matrix dw(9, 40, 0, rng), dbias(1, 9, 0, rng);
    const Matrix before = dw;
    linear_weight_gradient(row, 0, 9, 40, nullptr, 9, nullptr, 40, true, dw.data(), dbias.data());
    CHECK(dw.values == before.values);
    linear_weight_gradient(row, 0, 9, 40, nullptr, 9, nullptr, 40, false, dw.data(), dbias.data());
    CHECK(dw.values == std::vector<float>(9 * 40, 0.0f));
    CHECK(dbias.values == std::vector<float>(9, 0.0f));
  });
}

TEST_CASE("the activation is applied to the sums, which are kept where the caller asks for them") {
  for (const Shape shape : {Shape{9, 40, 20}, Shape{150, 40, 20}, Shape{150, 9, 20}}) {
    for (const std::int64_t gap : {0, 3}) {
      const auto [m, n, k] = shape;
      Rng rng(2);
      const Matrix x(m, k, 0, rng), w(n, k, 0, rng), bias(1, n, 0, rng);
      Matrix sums(m, n, gap, rng), kept = sums, y = sums, y_alone = sums;
      linear_forward(m, n, k, x.data(), k, w.data(), bias.data(), Activation::identity, nullptr, sums.data(), n + gap);
      linear_forward(m, n, k, x.data(), k, w.data(), bias.data(), Activation::relu, kept.data(), y.data(), n + gap);
      linear_forward(m, n, k, x.data(), k, w.data(), bias.data(), Activation::relu, nullptr, y_alone.data(), n + gap);
      CHECK(kept.values == sums.values);
      CHECK(y_alone.values == y.values);
      for (std::int64_t i = 0; i < m; ++i)
        for (std::int64_t j = 0; j < n; ++j) REQUIRE(y.at(i, j) == std::max(0.0f, sums.at(i, j)));
      CHECK(y.gaps_untouched());
    }
  }
}

TEST_CASE("products have the same bits on one, two and three threads") {
  for (const Shape shape : {Shape{1000, 128, 128}, Shape{600, 300, 70}, Shape{20, 2000, 128}, Shape{500, 10, 200}}) {
    const auto [m, n, k] = shape;
    INFO(m, "x", n, "x", k);
    Rng rng(3);
    const Matrix x(m, k, 0, rng), w(n, k, 0, rng), bias(1, n, 0, rng), dy(m, n, 0, rng);
    check_same_bits_for_any_threads([&] {
      std::vector<float> y(static_cast<std::size_t>(m * n));
      linear_forward(m, n, k, x.data(), k, w.data(), bias.data(), Activation::identity, nullptr, y.data(), n);
      return y;
    });
    check_same_bits_for_any_threads([&] {
      std::vector<float> dx(static_cast<std::size_t>(m * k));
      linear_input_gradient(m, n, k, dy.data(), n, w.data(), false, dx.data(), k);
      return dx;
    });
    check_same_bits_for_any_threads([&] {
      std::vector<float> dw(static_cast<std::size_t>(n * k + n));
      linear_weight_gradient(m, n, k, dy.data(), n, x.data(), k, false, dw.data(), dw.data() + n * k);
      return dw;
    });
  }
}
