#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "compress/formats/kind.h"
#include "compress/transforms.h"
#include "engine/autograd/elementwise.h"
#include "tests/compress/quantized.h"
#include "tests/compress/small_model.h"
#include "tests/support/kernel_cases.h"

using namespace ingot;
using compress::Quantizer;
using engine::Tensor;
using engine::Variable;

namespace {

Variable variable(const engine::Shape& shape, const std::vector<float>& values) {
  return Variable(Tensor::from(shape, values), true);
}

std::vector<float> values_of(const Tensor& tensor) { return {tensor.span().begin(), tensor.span().end()}; }

// The places of the n_kept largest |x|, by sorting.
std::vector<float> sorted_mask(const std::vector<float>& x, std::int64_t n_kept) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return std::abs(x[a]) > std::abs(x[b]); });
  std::vector<float> mask(x.size());
  for (std::int64_t i = 0; i < n_kept; ++i) mask[order[static_cast<std::size_t>(i)]] = 1;
  return mask;
}

}  // namespace

TEST_CASE("the largest of a row are those that sorting finds, ties to the first") {
  for (const std::int64_t n : test::kTailSizes) {
    std::vector<float> x = test::noise(n, static_cast<std::uint64_t>(n));
    for (float& v : x) v = std::round(4 * v) / 4;  // many are equal
    for (const double sparsity : {0.0, 0.1, 0.5, 0.77, 0.99}) {
      const std::int64_t n_kept = compress::kept_of_row(n, sparsity);
      CHECK(n_kept == n - std::llround(sparsity * static_cast<double>(n)));
      CHECK(values_of(compress::largest_of_rows(Tensor::from({1, n}, x), n_kept)) == sorted_mask(x, n_kept));
    }
  }
}

TEST_CASE("each row keeps its own largest, on one and two threads") {
  const std::vector<float> x = test::noise(700 * 33, 4);
  const auto [one, two] = test::on_one_and_on(2, [&] {
    return values_of(compress::largest_of_rows(Tensor::from({700, 33}, x), 10));
  });
  CHECK(one == two);
  for (std::size_t row = 0; row < 700; ++row) {
    const auto at = [row](const std::vector<float>& all) {
      return std::vector<float>(all.begin() + static_cast<std::ptrdiff_t>(33 * row),
                                all.begin() + static_cast<std::ptrdiff_t>(33 * row + 33));
    };
    CHECK(at(one) == sorted_mask(at(x), 10));
  }
}

TEST_CASE("a mask stops values and gradients, infinities too") {
  const Variable x = variable({4}, {1, INFINITY, -3, NAN});
  const Variable y = compress::masked(x, Tensor::from({4}, std::vector<float>{1, 0, 1, 0}));
  CHECK(values_of(y.value()) == std::vector<float>{1, 0, -3, 0});
  engine::backward(y, Tensor::from({4}, std::vector<float>{5, 6, 7, 8}));
  CHECK(values_of(x.gradient()) == std::vector<float>{5, 0, 7, 0});
}

TEST_CASE("fraction bits by channel quantise each row as a tensor of its own, and clip by its own range") {
  const std::vector<int> frac_bits{7, 2, -1, 40};
  const std::vector<float> x = test::noise(4 * 19, 8, 3.0);
  const Quantizer quantizer{
      .format = compress::parse_format("fixed(6,0)"), .channel_frac_bits = frac_bits, .clip = true};
  const Variable v = variable({4, 19}, x);
  const Variable y = compress::fake_quantize(v, quantizer, false);
  engine::backward(y, Tensor::full({4, 19}, 3.0f));
  const std::vector<float> gradient = values_of(v.gradient());
  for (std::size_t row = 0; row < 4; ++row) {
    const std::vector<float> part(x.begin() + static_cast<std::ptrdiff_t>(19 * row),
                                  x.begin() + static_cast<std::ptrdiff_t>(19 * row + 19));
    const std::vector<float> expected = test::quantized(fmt::format("fixed(6,{})", frac_bits[row]), part);
    const double unit = std::ldexp(1.0, -frac_bits[row]);
    for (std::size_t i = 0; i < 19; ++i) {
      CHECK(y.value().data()[19 * row + i] == expected[i]);
      const bool inside = double{part[i]} >= -32 * unit && double{part[i]} <= 31 * unit;
      CHECK(gradient[19 * row + i] == (inside ? 3.0f : 0.0f));
    }
  }
}

TEST_CASE("a stochastic format rounds the same tensor alike and another one otherwise") {
  const Quantizer quantizer{.format = compress::parse_format("fixed(8,2,stochastic)")};
  const auto quantized = [&](float last) {
    std::vector<float> x(200, 0.1f);
    x.back() = last;
    return values_of(compress::fake_quantize(variable({200}, x), quantizer, false).value());
  };
  CHECK(quantized(0.1f) == quantized(0.1f));
  CHECK(quantized(0.1f) != quantized(0.2f));
}

TEST_CASE("which formats keep 0") {
  const auto keeps = [](const char* format, compress::Mode mode = compress::Mode::standard) {
    return compress::keeps_zero({.format = compress::parse_format(format), .mode = mode});
  };
  CHECK(keeps("fixed(4,2)"));
  CHECK(keeps("log(8)"));
  CHECK(keeps("block_fp(8,e8,[1,16])"));
  CHECK_FALSE(keeps("log(8)", compress::Mode::mase));
  CHECK_FALSE(keeps("binary"));
  CHECK_FALSE(keeps("binary(channel)"));
  for (const char* residual : {"binary_residual(1)", "binary_residual(2)", "binary_residual(3)", "binary_residual(8)"})
    CHECK_FALSE(keeps(residual));
}

TEST_CASE("a masked weight is 0 in every format") {
  for (const compress::FormatKind* kind : compress::format_kinds()) {
    CAPTURE(kind->example);
    bert::Model model = test::small_model();
    const std::string name = model.linears().front().first;
    compress::LayerCompression layer;
    layer[compress::Role::weight] = compress::Quantizer{.format = compress::parse_format(kind->example)};
    layer.weight_mask.assign(64, 1);
    for (std::size_t i = 0; i < 64; i += 3) layer.weight_mask[i] = 0;
    compress::attach(model, {{name, layer}});
    const Tensor weight = model.linears().front().second->effective_weight().value();
    for (std::size_t i = 0; i < 64; i += 3) CHECK(weight.data()[i] == 0);
  }
}
