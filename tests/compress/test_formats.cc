// What holds for every format of the list.
#include <doctest/doctest.h>

#include <cmath>

#include "compress/formats/kind.h"
#include "tests/compress/quantized.h"
#include "tests/support/error_text.h"
#include "tests/support/kernel_cases.h"

using namespace ingot;
using compress::FormatKind;
using compress::Mode;
using compress::parse_format;
using test::quantized;

namespace {

template <class Check>
void for_each_format(const Check& check) {
  std::vector<std::string> texts{"fixed(8,4,stochastic)",
                                 "binary(tensor,stochastic)",
                                 "binary(unipolar)",
                                 "binary",
                                 "ternary",
                                 "mx(int8)",
                                 "mx(fp8_e5m2)",
                                 "block_fp(4,e8,[16])",
                                 "log(4)"};
  for (const FormatKind* kind : compress::format_kinds()) texts.emplace_back(kind->example);
  for (const std::string& text : texts) {
    CAPTURE(text);
    check(text);
  }
}

bool has_mase(const std::string& text) {
  return test::error_text([&] { compress::check_mode(parse_format(text), Mode::mase); }).empty();
}

}  // namespace

TEST_CASE("every format gives the same bits on one and two threads, in place or not") {
  const std::vector<float> x = test::noise(301 * 257, 3, 0.7);
  for_each_format([&](const std::string& text) {
    for (const Mode mode : {Mode::standard, Mode::mase}) {
      if (mode == Mode::mase && !has_mase(text)) continue;
      const compress::QuantizeOptions options{.mode = mode, .seed = 3, .stream = 4};
      const auto [one, two] = test::on_one_and_on(2, [&] { return quantized(text, {301, 257}, x, options); });
      CHECK(test::same_bits(one, two));
      std::vector<float> same = x;
      compress::quantize(parse_format(text), {301, 257}, same, same, options);
      CHECK(test::same_bits(one, same));
    }
  });
}

TEST_CASE("every format turns zeros into zeros or, if it has none, into the smallest it has") {
  for_each_format([](const std::string& text) {
    const std::vector<float> y = quantized(text, {2, 40}, std::vector<float>(80, -0.0f));
    const bool has_zero = !text.starts_with("binary");
    for (const float v : y) CHECK((std::abs(v) <= 1 && (!has_zero || (v == 0 && !std::signbit(v)))));
  });
}

TEST_CASE("every format keeps NaN, and makes something finite of infinities and of the largest floats") {
  for_each_format([](const std::string& text) {
    for (const Mode mode : {Mode::standard, Mode::mase}) {
      if (mode == Mode::mase && !has_mase(text)) continue;
      std::vector<float> x = test::noise(80, 6);
      x[3] = INFINITY, x[4] = -INFINITY, x[50] = 3.4028235e38f, x[51] = -1e-45f;
      for (const float v : quantized(text, {2, 40}, x, {.mode = mode})) CHECK(std::isfinite(v));
      x[7] = NAN;
      CHECK(std::isnan(quantized(text, {2, 40}, x, {.mode = mode})[7]));
    }
  });
}

TEST_CASE("every format takes a tensor without elements, a scalar and four dimensions") {
  for_each_format([](const std::string& text) {
    CHECK(quantized(text, engine::Shape{0}, std::vector<float>{}).empty());
    CHECK(quantized(text, engine::Shape{3, 0}, std::vector<float>{}).empty());
    CHECK(quantized(text, engine::Shape{}, {0.5f}).size() == 1);
    CHECK(quantized(text, {2, 3, 4, 5}, test::noise(120, 2)) == quantized(text, {2, 3, 4, 5}, test::noise(120, 2)));
  });
  CHECK(test::error_text([] {
          quantized("fixed(8,4)", {2, 3}, {1.0f});
        }) == "fixed(8,4): shape [2,3] has 6 elements, got 1 numbers and room for 1");
}

TEST_CASE("numbers of a batch do not depend on its other examples") {
  const std::vector<float> x = test::noise(4 * 50, 8);
  for_each_format([&](const std::string& text) {
    if (parse_format(text).kind().mase_gap != nullptr && test::contains(text, "stochastic")) return;  // draws by place
    const std::vector<float> all = quantized(text, {4, 50}, x, {.is_batch = true});
    for (std::size_t i = 0; i < 4; ++i) {
      const std::vector<float> one(x.begin() + static_cast<std::ptrdiff_t>(50 * i),
                                   x.begin() + static_cast<std::ptrdiff_t>(50 * (i + 1)));
      CHECK(test::same_bits(quantized(text, {1, 50}, one, {.is_batch = true}), std::span(all).subspan(50 * i, 50)));
    }
  });
}

TEST_CASE("stochastic rounding hits the mean, moves at most one step, and follows seed, stream and place") {
  const std::vector<float> x(100'000, 0.3f);
  const auto mean = [](const std::vector<float>& y) {
    double sum = 0;
    for (const float v : y) sum += double{v};
    return sum / static_cast<double>(y.size());
  };
  const std::vector<float> y = quantized("fixed(8,2,stochastic)", x, {.seed = 1, .stream = 2});
  for (const float v : y) REQUIRE((v == 0.25f || v == 0.5f));
  CHECK(mean(y) == doctest::Approx(0.3).epsilon(0.01));
  CHECK(mean(quantized("binary(stochastic)", x)) == doctest::Approx(0.3).epsilon(0.03));
  CHECK(mean(quantized("binary(unipolar,stochastic)", x)) == doctest::Approx(0.3).epsilon(0.03));
  CHECK_FALSE(test::same_bits(y, quantized("fixed(8,2,stochastic)", x, {.seed = 2, .stream = 2})));
  CHECK_FALSE(test::same_bits(y, quantized("fixed(8,2,stochastic)", x, {.seed = 1, .stream = 3})));
  engine::Rng rng(1, 2);  // element i takes draw i
  for (std::size_t i = 0; i < 50; ++i) CHECK(y[i] == (rng.bits() * 0x1p-32 < double{0.3f} * 4 - 1 ? 0.5f : 0.25f));
  CHECK(quantized("fixed(8,2,stochastic)", {0.75f, 100.0f, -100.0f, -0.0f}) ==
        std::vector<float>{0.75f, 31.75f, -32.0f, 0.0f});
}

TEST_CASE("bits of storage count what blocks and channels share") {
  const auto bits = [](const std::string& text) { return compress::bits_per_value(parse_format(text), {128, 512}); };
  CHECK(bits("fixed(8,4)") == 8);
  CHECK(bits("log(5)") == 5);
  CHECK(bits("block_fp(8,e8,[1,16])") == 8.5);
  CHECK(bits("block_minifloat(8,e4,e4,[1,-1])") == 8 + 4.0 / 512);
  CHECK(bits("block_log(4,e8,[2,2])") == 6);
  CHECK(bits("binary") == 1);
  CHECK(bits("binary(channel)") == 1 + 32.0 / 512);
  CHECK(bits("ternary(tensor)") == 2 + 32.0 / 65536);
  CHECK(bits("binary_residual(2)") == 2 + 64.0 / 65536);
  CHECK(bits("mx(fp4_e2m1)") == 4.25);
  CHECK(bits("mx(fp6_e2m3)") == 6.25);
  CHECK(bits("mx(int8)") == 8.25);
  CHECK(compress::bits_per_value(parse_format("block_fp(8,e8,[1,16])"), {1, 20}) == 8 + 16.0 / 20);  // a ragged end
}
