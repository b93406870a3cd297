#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <filesystem>

#include "engine/base/files.h"
#include "engine/io/json.h"
#include "tests/compress/quantized.h"
#include "tests/support/error_text.h"
#include "tests/support/kernel_cases.h"

using namespace ingot;
using compress::Mode;
using engine::Json;
using test::quantized;

namespace {

std::string block_text(const Json& config) { return config["block_size"].dump(); }

std::string bias_text(const Json& config) {
  const Json& bias = config["exponent_bias"];
  return bias.is_null() ? "" : fmt::format(",b{}", bias.get<int>());
}

// The notation of a vector's format and config.
std::string text_of(const std::string& name, const Json& config) {
  const int width = config.value("width", 1);
  if (name.starts_with("integer")) {
    return fmt::format("{}({},{}{})", config.value("is_signed", true) ? "fixed" : "ufixed", width,
                       config["frac_width"].get<int>(), name == "integer_floor" ? ",floor" : "");
  }
  if (name.starts_with("minifloat")) {
    return fmt::format("{}({},e{}{})", name == "minifloat_ieee" ? "minifloat" : name, width,
                       config["exponent_width"].get<int>(), bias_text(config));
  }
  if (name == "log") return fmt::format("log({}{})", width, bias_text(config));
  if (name == "block_fp") {
    return fmt::format("block_fp({},e{}{},{})", width, config["exponent_width"].get<int>(), bias_text(config),
                       block_text(config));
  }
  if (name == "block_log") {
    return fmt::format("block_log({},e{},{})", width, config["exponent_bias_width"].get<int>(), block_text(config));
  }
  return name;
}

engine::Shape shape_of(const Json& sizes) { return engine::Shape(sizes.get<std::vector<std::int64_t>>()); }

struct Quality {
  double share_of_zeros = 0, decibels = 0;
};

Quality quality(const std::vector<float>& x, const std::vector<float>& y) {
  double zeros = 0, signal = 0, noise = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    zeros += y[i] == 0 ? 1 : 0;
    signal += std::pow(double{x[i]}, 2);
    noise += std::pow(double{x[i]} - double{y[i]}, 2);
  }
  return {zeros / static_cast<double>(x.size()), 10 * std::log10(signal / noise)};
}

}  // namespace

TEST_CASE("mase mode gives MASE's outputs bit for bit") {
  const Json vectors = Json::parse(engine::read_file(std::filesystem::path(INGOT_GOLDEN) / "formats.json"));
  REQUIRE(vectors.size() == 71);
  for (const Json& vector : vectors) {
    const std::string text = text_of(vector["format"], vector["config"]);
    CAPTURE(text);
    const auto x = vector["input"].get<std::vector<float>>(), want = vector["output"].get<std::vector<float>>();
    const std::vector<float> got = quantized(text, shape_of(vector["shape"]), x, {.mode = Mode::mase});
    REQUIRE(got.size() == want.size());
    std::size_t n_wrong = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (std::bit_cast<std::uint32_t>(got[i]) == std::bit_cast<std::uint32_t>(want[i])) continue;
      if (++n_wrong <= 3) MESSAGE("x ", x[i], " got ", got[i], " want ", want[i]);
    }
    CHECK(n_wrong == 0);
  }
}

TEST_CASE("exponents of mase mode come from float32 log2, also beside powers of two") {
  for (int exponent = -20; exponent <= 20; ++exponent) {
    for (int ulps = -600; ulps <= 600; ++ulps) {
      for (const float middle : {std::ldexp(1.0f, exponent), std::ldexp(std::sqrt(2.0f), exponent)}) {
        const float x = std::bit_cast<float>(std::bit_cast<std::int32_t>(middle) + ulps);
        const float power = std::ldexp(1.0f, static_cast<int>(std::nearbyint(std::log2(x + 0.0f))));
        // A bias of 64 makes what log adds to x vanish.
        REQUIRE(quantized("log(8,b64)", {x}, {.mode = Mode::mase})[0] == power);
        const float scale = std::ldexp(1.0f, static_cast<int>(std::ceil(std::log2(x + 1e-9f))));
        const float k = std::min(std::nearbyint(x / scale * 128.0f), 127.0f);
        REQUIRE(quantized("minifloat_denorm(16,e8,b100)", {x}, {.mode = Mode::mase})[0] == scale * k / 128.0f);
      }
    }
  }
}

// Made with the reference, for 128 x 512 weights.
TEST_CASE("normal weights lose as much in each format as in the reference") {
  struct Row {
    const char* format;
    double share_of_zeros, decibels;
  };
  const Row rows[] = {{"fixed(4,2)", .988, 0.2},
                      {"fixed(6,3)", .789, 3.0},
                      {"fixed(8,4)", .466, 8.9},
                      {"fixed(8,6)", .125, 20.9},
                      {"fixed(8,8)", .031, 32.9},
                      {"minifloat_denorm(8,e4,b7)", .007, 24.5},
                      {"minifloat(8,e4,b7)", .015, 30.9},
                      {"minifloat(8,e5,b15)", 0, 24.5},
                      {"minifloat(8,e3,b7)", .007, 37.1},
                      {"log(8)", 0, 13.8},
                      {"block_fp(8,e8,[1,16])", .009, 43.2},
                      {"block_fp(4,e8,[1,16])", .144, 19.0},
                      {"block_log(8,e8,[1,16])", 0, 13.8},
                      {"binary", 0, -25.7}};
  const std::vector<float> x = test::noise(128 * 512, 21, 0.05);
  for (const Row& row : rows) {
    const Quality q = quality(x, quantized(row.format, {128, 512}, x, {.mode = Mode::mase}));
    CAPTURE(row.format);
    CHECK(std::abs(q.share_of_zeros - row.share_of_zeros) < 0.004);
    CHECK(std::abs(q.decibels - row.decibels) < 0.25);
  }
}

TEST_CASE("formats that MASE lacks refuse its mode") {
  const auto refusal = [](const std::string& format) {
    return test::error_text([&] { quantized(format, {4, 4}, std::vector<float>(16, 1.0f), {.mode = Mode::mase}); });
  };
  CHECK(refusal("mx(int8)") == "mx(int8): needs mode standard; mase has no mx");
  CHECK(refusal("fixed(8,4,half_away)") ==
        "fixed(8,4,half_away): needs mode standard; mase knows only the roundings nearest_even and floor");
  for (const char* format : {"fixed(8,4,stochastic)", "ternary", "binary(tensor)", "binary(stochastic)",
                             "binary(unipolar)", "block_minifloat(8,e4,e8,[1,16])"}) {
    CHECK(test::contains(refusal(format), "needs mode standard"));
  }
  CHECK(quantized("binary_residual(2)", {0.2f, -0.5f}, {.mode = Mode::mase}) ==
        std::vector<float>{2.0f / 3 - 1.0f / 3, -2.0f / 3 + 1.0f / 3});
  CHECK(quantized("block_fp(8,e8,[1,2])", {2, 2}, {0, 0, 0, 0}, {.mode = Mode::mase}) == std::vector<float>(4));
}
