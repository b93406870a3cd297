#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "compress/formats/fixed.h"
#include "compress/quantize/calibration.h"
#include "compress/transforms.h"
#include "tests/compress/quantized.h"
#include "tests/compress/small_model.h"
#include "tests/support/error_text.h"

using namespace ingot;
using compress::CalibrationMethod;
using compress::CalibrationOptions;
using compress::Compression;
using compress::parse_format;
using compress::Role;

namespace {

double squared_error(const std::string& format, const std::vector<float>& x) {
  const std::vector<float> y = test::quantized(format, x);
  double total = 0;
  for (std::size_t i = 0; i < x.size(); ++i) total += std::pow(double{x[i]} - double{y[i]}, 2);
  return total;
}

// The least error over all fraction bits that a format may have.
double least_error(const std::string& name, int width, const std::vector<float>& x) {
  double least = INFINITY;
  for (int bits = -95; bits <= 126; ++bits) {
    least = std::min(least, squared_error(fmt::format("{}({},{})", name, width, bits), x));
  }
  return least;
}

const std::string kQuery = "bert.encoder.layer.0.attention.self.query";
const std::string kKey = "bert.encoder.layer.0.attention.self.key";
const std::string kOutput = "bert.encoder.layer.0.output.dense";

std::map<std::string, compress::LayerRequest> request(const std::string& layer, Role role, const char* format,
                                                      bool per_channel = false) {
  compress::QuantizerRequest r = compress::parse_request(format);
  r.per_channel = per_channel;
  std::map<std::string, compress::LayerRequest> all;
  all[layer][role] = r;
  return all;
}

int frac_bits(const Compression& c, const std::string& layer, Role role) {
  return compress::as_fixed(c.at(layer)[role]->format)->frac_bits;
}

}  // namespace

TEST_CASE("no power of two and threshold have a smaller squared error than the ternary and binary numbers chosen") {
  for (const double scale : {1e-6, 0.05, 1.0, 3000.0}) {
    for (std::uint64_t stream = 0; stream < 4; ++stream) {
      std::vector<float> x = test::noise(60, stream, scale);
      if (stream == 2) x[7] = static_cast<float>(50 * scale);                   // one far out
      if (stream == 3) x.assign(4096, 0.0f), x[5] = static_cast<float>(scale);  // one alone
      std::vector<float> thresholds{-1.0f, 0.0f};
      for (const float v : std::vector<float>(x.begin(), x.begin() + 60)) thresholds.push_back(std::abs(v));
      long double ternary = INFINITY, binary = INFINITY;
      for (int bits = -20; bits <= 40; ++bits) {
        const long double unit = std::ldexp(1.0L, -bits);
        for (const float threshold : thresholds) {
          long double error = 0;
          for (const float v : x) {
            const long double y = std::abs(v) > threshold ? (v < 0 ? -unit : unit) : 0;
            error += (v - y) * (v - y);
          }
          ternary = std::min(ternary, error);
          if (threshold < 0) binary = std::min(binary, error);
        }
      }
      const auto chosen = [&](const char* format) {
        for (const CalibrationMethod method : {CalibrationMethod::mse, CalibrationMethod::percentile})
          CHECK(compress::calibrated_scale_bits(parse_format(format), x, {.method = method}) ==
                compress::calibrated_scale_bits(parse_format(format), x, {}));
        const int bits = compress::calibrated_scale_bits(parse_format(format), x, {});
        return squared_error(to_string(compress::with_frac_bits(parse_format(format), bits)), x);
      };
      CHECK(chosen("ternary_pow2(0)") == doctest::Approx(static_cast<double>(ternary)).epsilon(1e-6));
      CHECK(chosen("binary_pow2(0)") == doctest::Approx(static_cast<double>(binary)).epsilon(1e-6));
    }
  }
}

TEST_CASE("no fraction bits have a smaller squared error than those chosen") {
  for (const char* name : {"fixed", "ufixed"}) {
    for (const int width : {1, 2, 3, 4, 8, 16}) {
      for (const double scale : {1e-6, 0.05, 1.0, 3000.0}) {
        for (std::uint64_t stream = 0; stream < 3; ++stream) {
          std::vector<float> x = test::noise(100, stream, scale);
          if (stream == 2) x[7] = static_cast<float>(50 * scale);  // one far out
          const compress::Format format = parse_format(fmt::format("{}({},0)", name, width));
          const int bits = compress::calibrated_scale_bits(format, x, {});
          CHECK(squared_error(fmt::format("{}({},{})", name, width, bits), x) ==
                doctest::Approx(least_error(name, width, x)).epsilon(1e-9));
        }
      }
    }
  }
}

TEST_CASE("no exponent bias has a smaller squared error than the one chosen") {
  for (const char* format : {"minifloat(3,e2", "minifloat(4,e3", "minifloat(8,e4", "minifloat(16,e8",
                             "minifloat_denorm(3,e1", "minifloat_denorm(8,e4", "log(3", "log(8"}) {
    for (const double scale : {1e-6, 0.05, 3000.0}) {
      for (std::uint64_t stream = 0; stream < 3; ++stream) {
        CAPTURE(format);
        CAPTURE(scale);
        std::vector<float> x = test::noise(100, stream, scale);
        if (stream == 2) x[7] = static_cast<float>(50 * scale);  // one far out
        double least = INFINITY;
        for (int bias = -126; bias <= 125; ++bias)
          least = std::min(least, squared_error(fmt::format("{},b{})", format, bias), x));
        const int chosen = compress::calibrated_scale_bits(parse_format(fmt::format("{})", format)), x, {});
        CHECK(squared_error(fmt::format("{},b{})", format, chosen), x) == doctest::Approx(least).epsilon(1e-9));
      }
    }
  }
  // Where nothing is to be scaled, it is the usual one.
  CHECK(compress::calibrated_scale_bits(parse_format("minifloat(8,e4,b0)"), std::vector<float>(5), {}) == 7);
}

TEST_CASE("percentile takes the finest step whose range holds that share") {
  std::vector<float> x(1000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i + 1) / 1000;  // up to 1
  x[999] = -100;
  const auto bits = [&](double percentile) {
    return compress::calibrated_scale_bits(parse_format("fixed(8,0)"), x,
                                           {.method = CalibrationMethod::percentile, .percentile = percentile});
  };
  CHECK(bits(99.9) == 6);  // 0.999 * 2^6 <= 127.5 < 0.999 * 2^7 is false: 127.87
  CHECK(bits(99.0) == 7);  // 0.99 * 2^7 = 126.7
  CHECK(bits(49.0) == 8);
  CHECK(bits(100) == 0);  // 100 * 2^0 <= 127.5
}

TEST_CASE("numbers that are all 0, one number, and numbers that are none") {
  const compress::Format format = parse_format("fixed(8,0)");
  for (const CalibrationMethod method : {CalibrationMethod::mse, CalibrationMethod::percentile}) {
    CHECK(compress::calibrated_scale_bits(format, std::vector<float>(5), {.method = method}) == 8);
    const int bits = compress::calibrated_scale_bits(format, std::vector<float>{1e30f}, {.method = method});
    CHECK(squared_error(fmt::format("fixed(8,{})", bits), {1e30f}) <= std::pow(1e30 / 64, 2));
    CHECK_THROWS_AS(compress::calibrated_scale_bits(format, std::vector<float>{INFINITY}, {.method = method}),
                    engine::Error);
  }
}

TEST_CASE("errors are summed over batches, and the same on one and two threads") {
  const std::vector<float> a = test::noise(40'000, 1), b = test::noise(30'000, 2, 30.0);
  std::vector<float> both = a;
  both.insert(both.end(), b.begin(), b.end());
  const auto [one, two] = test::on_one_and_on(2, [&] {
    compress::ScaleChoice choice(parse_format("fixed(6,0)"), {});
    for (const auto& x : {a, b}) choice.see_range(x);
    for (const auto& x : {a, b}) choice.see_errors(x);
    return choice.scale_bits();
  });
  CHECK(one == two);
  CHECK(one == compress::calibrated_scale_bits(parse_format("fixed(6,0)"), both, {}));
}

TEST_CASE("weights are calibrated as pruned, by channel or whole") {
  bert::Model model = test::small_model();
  Compression start;
  start[kQuery].weight_mask.assign(64, 1);
  const engine::Tensor weight = model.layers[0].query.weight.value();
  weight.data()[0] = 1000;
  start[kQuery].weight_mask[0] = 0;  // the far one is pruned
  const Compression whole =
      compress::calibrate(model, start, request(kQuery, Role::weight, "fixed(4,calibrated)"), {}, {});
  std::vector<float> values(weight.span().begin(), weight.span().end());
  values[0] = 0;
  CHECK(frac_bits(whole, kQuery, Role::weight) ==
        compress::calibrated_scale_bits(parse_format("fixed(4,0)"), values, {}));
  CHECK(whole.at(kQuery).weight_mask == start[kQuery].weight_mask);
  const Compression channels =
      compress::calibrate(model, start, request(kQuery, Role::weight, "fixed(4,calibrated)", true), {}, {});
  const std::vector<int>& bits = channels.at(kQuery)[Role::weight]->channel_frac_bits;
  REQUIRE(bits.size() == 8);
  for (std::size_t row = 0; row < 8; ++row) {
    const std::vector<float> channel(values.begin() + static_cast<std::ptrdiff_t>(8 * row),
                                     values.begin() + static_cast<std::ptrdiff_t>(8 * row + 8));
    CHECK(bits[row] == compress::calibrated_scale_bits(parse_format("fixed(4,0)"), channel, {}));
  }
}

TEST_CASE("inputs are calibrated on what the layer reads: sparse if it is, in the surroundings that stay") {
  bert::Model model = test::small_model();
  Compression start;
  start[kOutput].input_sparsity = 0.9;  // 1 of 12 left, so the sum of errors differs
  start[kQuery][Role::weight] = compress::Quantizer{.format = parse_format("fixed(2,0)")};
  start[kQuery][Role::input] = compress::Quantizer{.format = parse_format("fixed(2,9)")};  // to be replaced
  auto wanted = request(kOutput, Role::input, "fixed(5,calibrated)");
  wanted.merge(request(kQuery, Role::input, "fixed(5,calibrated)"));
  const std::vector<bert::Input> batches{test::small_input(), test::small_input()};
  const Compression got = compress::calibrate(model, start, wanted, batches, {});
  CHECK(frac_bits(got, kQuery, Role::weight) == 0);
  CHECK(got.at(kOutput).input_sparsity == 0.9);
  const Compression fresh =
      compress::calibrate(model, {}, request(kQuery, Role::input, "fixed(5,calibrated)"), batches, {});
  CHECK(frac_bits(got, kQuery, Role::input) == frac_bits(fresh, kQuery, Role::input));
  // By hand: the query's weights quantised, its input not.
  Compression surroundings;
  surroundings[kQuery][Role::weight] = start[kQuery][Role::weight];
  compress::attach(model, surroundings);
  engine::DropoutStreams off;
  std::vector<float> seen;
  auto transforms = std::make_shared<engine::TensorTransforms>();
  transforms->input = [&](const engine::Variable& x) {
    const engine::Variable sparse = compress::masked(x, compress::largest_of_rows(x.value(), 1));
    seen.assign(sparse.value().span().begin(), sparse.value().span().end());
    return sparse;
  };
  model.layers[0].output.transforms = transforms;
  const bert::Input input = test::small_input();
  model.encode(input, off);
  CHECK(frac_bits(got, kOutput, Role::input) == compress::calibrated_scale_bits(parse_format("fixed(5,0)"), seen, {}));
  CHECK(model.layers[0].query.transforms != nullptr);
}

TEST_CASE("layers that read one tensor get the same bits as each alone") {
  bert::Model model = test::small_model();
  const std::vector<bert::Input> batches{test::small_input()};
  auto both = request(kQuery, Role::input, "fixed(4,calibrated)");
  both.merge(request(kKey, Role::input, "fixed(4,calibrated)"));
  const Compression together = compress::calibrate(model, {}, both, batches, {});
  const Compression alone =
      compress::calibrate(model, {}, request(kKey, Role::input, "fixed(4,calibrated)"), batches, {});
  CHECK(frac_bits(together, kQuery, Role::input) == frac_bits(alone, kKey, Role::input));
  CHECK(frac_bits(together, kKey, Role::input) == frac_bits(alone, kKey, Role::input));
  CHECK(model.layers[0].key.transforms == nullptr);
}

TEST_CASE("float32 takes a quantizer away, and a layer without any is not listed") {
  bert::Model model = test::small_model();
  Compression start;
  start[kQuery][Role::weight] = compress::Quantizer{.format = parse_format("fixed(8,4)")};
  CHECK(compress::calibrate(model, start, request(kQuery, Role::weight, "float32"), {}, {}).empty());
  CHECK(test::contains(test::error_text([&] {
                         compress::calibrate(model, {}, request(kQuery, Role::input, "fixed(8,calibrated)"), {}, {});
                       }),
                       "needs at least one batch of texts, got 0"));
}

TEST_CASE("signs times a power of two: 0 is positive, ternary takes the nearest of three, a half goes to 0") {
  const std::vector<float> x{0.0f, -0.0f, 1e-9f, -1e-9f, 5.0f, -5.0f, 0.125f, 0.13f, -0.125f};
  const int bits[] = {2};
  std::vector<float> y(x.size());
  const auto in = [&](const char* format) {
    compress::quantize_rows(*compress::as_fixed(compress::parse_format(format)), 1, static_cast<std::int64_t>(x.size()),
                            x.data(), bits, y.data());
    return y;
  };
  CHECK(in("binary_pow2(2)") == std::vector<float>{0.25f, 0.25f, 0.25f, -0.25f, 0.25f, -0.25f, 0.25f, 0.25f, -0.25f});
  CHECK(in("ternary_pow2(2)") == std::vector<float>{0, 0, 0, 0, 0.25f, -0.25f, 0, 0.25f, 0});
}

TEST_CASE("a bias in units of sums has the fraction bits of its channel's products, and the integers add it as it is") {
  bert::Model model = test::small_model();
  const std::vector<bert::Input> batches{test::small_input()};
  auto requests = request(kOutput, Role::weight, "fixed(8,calibrated)", true);
  const auto want = [&](Role role, const char* format) { requests[kOutput][role] = compress::parse_request(format); };
  want(Role::bias, "fixed(24,sums)");
  const auto refusal =
      test::error_text([&] { compress::calibrate(model, {}, requests, batches, CalibrationOptions()); });
  CHECK(test::contains(refusal, "output.dense: a bias with the fraction bits of sums needs an input in fixed point"));
  want(Role::input, "fixed(6,calibrated)");
  const Compression c = compress::calibrate(model, {}, requests, batches, CalibrationOptions());
  const compress::LayerCompression& layer = c.at(kOutput);
  const std::vector<int>& weights = layer[Role::weight]->channel_frac_bits;
  REQUIRE(layer[Role::bias]->channel_frac_bits.size() == weights.size());
  for (std::size_t j = 0; j < weights.size(); ++j)
    CHECK(layer[Role::bias]->channel_frac_bits[j] == weights[j] + frac_bits(c, kOutput, Role::input));
}
