#include <doctest/doctest.h>

#include <cmath>

#include "compress/formats/binary_residual.h"
#include "compress/formats/fake_quantize.h"
#include "compress/formats/kind.h"
#include "engine/autograd/check_gradients.h"
#include "engine/autograd/elementwise.h"
#include "engine/autograd/matmul.h"
#include "engine/base/error.h"
#include "engine/nn/module.h"
#include "tests/compress/quantized.h"
#include "tests/support/kernel_cases.h"

using namespace ingot;
using compress::fake_quantize;
using compress::parse_format;
using engine::Tensor;
using engine::Variable;

namespace {

Variable variable(const engine::Shape& shape, const std::vector<float>& values) {
  return Variable(Tensor::from(shape, values), true);
}

std::vector<float> gradient(const Variable& x) {
  const Tensor tensor = x.gradient();
  return {tensor.span().begin(), tensor.span().end()};
}

const std::vector<float> kUpstream{1, 2, 3, 4, 5, 6};

// The gradient of x for kUpstream.
std::vector<float> sent_back(const std::string& format, const std::vector<float>& values, bool clip) {
  const Variable x = variable({6}, values);
  engine::backward(fake_quantize(x, parse_format(format), {}, clip), Tensor::from({6}, kUpstream));
  return gradient(x);
}

}  // namespace

TEST_CASE("the forward pass is quantize, for every format") {
  const std::vector<float> values = test::noise(6 * 40, 9);
  for (const compress::FormatKind* kind : compress::format_kinds()) {
    const Variable y = fake_quantize(variable({6, 40}, values), parse_format(kind->example));
    CHECK(test::same_bits(y.value().span(), test::quantized(kind->example, {6, 40}, values)));
    CHECK(y.requires_gradient());
  }
}

TEST_CASE("the gradient passes as if nothing had been rounded") {
  for (const compress::FormatKind* kind : compress::format_kinds()) {
    if (kind->always_clips) continue;
    CHECK(sent_back(kind->example, {-100, -1, 0, 0.3f, 2, 1e9f}, false) == kUpstream);
  }
}

TEST_CASE("with clip, the gradient is 0 outside of the range and for NaN, and passes at its ends") {
  CHECK(sent_back("fixed(8,4)", {-8.1f, -8.0f, 7.9375f, 7.94f, NAN, 0}, true) == std::vector<float>{0, 2, 3, 0, 0, 6});
  CHECK(sent_back("ufixed(8,4)", {-0.1f, 0, 15.9375f, 16, 1, 2}, true) == std::vector<float>{0, 2, 3, 0, 5, 6});
  CHECK(sent_back("minifloat(8,e4,b7)", {-481, 480, 481, 1, 2, 3}, true) == std::vector<float>{0, 2, 0, 4, 5, 6});
  CHECK(sent_back("binary", {-1, -1.1f, 1, 1.1f, 0, 0.5f}, true) == std::vector<float>{1, 0, 3, 0, 5, 6});
  CHECK(sent_back("ternary(tensor)", {-9, 9, 1, 2, 3, 4}, true) == kUpstream);
  CHECK(sent_back("block_fp(8,e8,[1,16])", {-1e38f, 9, 1, 2, 3, 4}, true) == kUpstream);
}

TEST_CASE("the gradient of residual binary passes only where |x| <= 1") {
  CHECK(sent_back("binary_residual(2)", {-1, -1.1f, 1, 1.1f, 0, 0.5f}, false) == std::vector<float>{1, 0, 3, 0, 5, 6});
}

TEST_CASE("gradients add up when a variable is used twice, once rounded") {
  const Variable x = variable({6}, {1, 2, 3, 4, 50, 6});
  const Variable y = engine::add(fake_quantize(x, parse_format("fixed(8,4)"), {}, true), x);
  engine::backward(y, Tensor::from({6}, kUpstream));
  CHECK(gradient(x) == std::vector<float>{2, 4, 6, 8, 5, 12});
}

TEST_CASE("the transforms of a layer quantise what it computes with") {
  const auto transforms = std::make_shared<engine::TensorTransforms>();
  const auto quantizer = [](const char* format, bool is_batch) {
    return
        [f = parse_format(format), is_batch](const Variable& x) { return fake_quantize(x, f, {.is_batch = is_batch}); };
  };
  transforms->input = quantizer("fixed(8,4)", true);
  transforms->weight = quantizer("fixed(8,6)", false);
  transforms->bias = quantizer("fixed(8,4)", false);
  const std::vector<float> x = test::noise(5 * 16, 1), w = test::noise(3 * 16, 2, 0.3), b = test::noise(3, 3);
  const engine::Linear layer{variable({3, 16}, w), variable({3}, b), transforms};
  const Variable y = layer(variable({5, 16}, x));
  const std::vector<float> qx = test::quantized("fixed(8,4)", x), qw = test::quantized("fixed(8,6)", w),
                           qb = test::quantized("fixed(8,4)", b);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      double sum = double{qb[j]};
      for (std::size_t k = 0; k < 16; ++k) sum += double{qx[16 * i + k]} * double{qw[16 * j + k]};
      CHECK(double{y.value().data()[3 * i + j]} == sum);  // sums of products of 8 bits are exact
    }
  }
  engine::backward(engine::sum(y));
  CHECK(layer.weight.has_gradient());
}

TEST_CASE("scales of residual binary are learned") {
  const Variable x = variable({5}, {0.4f, -1.5f, 0.95f, -0.2f, 3.0f}), alphas = variable({3}, {0.7f, 0.31f, 0.17f});
  const auto loss = [&](const std::vector<Variable>& inputs) {
    return engine::sum(compress::binary_residual(x, inputs[0]));
  };
  CHECK(engine::check_gradients(loss, {alphas}, 1e-3f).worst < 1e-2);  // no sign changes within h
  const Variable x2 = variable({2}, {0.4f, -1.5f});
  const Variable y = compress::binary_residual(x2, alphas);
  // 0.4: + - +, -1.5: - - -
  CHECK(double{y.value().data()[0]} == doctest::Approx(0.7 - 0.31 + 0.17));
  CHECK(double{y.value().data()[1]} == doctest::Approx(-0.7 - 0.31 - 0.17));
  alphas.node()->own.state = engine::GradientState::absent;
  engine::backward(y, Tensor::from({2}, std::vector<float>{1, 10}));
  CHECK(gradient(x2) == std::vector<float>{1, 0});
  CHECK(gradient(alphas) == std::vector<float>{1 - 10, -1 - 10, 1 - 10});
  CHECK_THROWS_AS(compress::binary_residual(x2, variable({9}, std::vector<float>(9))), engine::Error);
}
