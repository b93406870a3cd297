#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "compress/formats/fixed.h"
#include "compress/formats/format.h"
#include "compress/formats/kind.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "tests/compress/quantized.h"
#include "tests/support/error_text.h"

using namespace ingot;
using compress::Format;
using compress::parse_format;

namespace {

std::string refusal(const std::string& text) {
  return test::error_text([&] { parse_format(text); });
}

// Whatever the parameters, something finite comes of every number.
void check_finite(const Format& format) {
  const std::vector<float> x{0.3f, -2.0f, 1e-40f, -1e-45f, 3.4e38f, -INFINITY, 0.0f, 1e-9f};
  for (const compress::Mode mode : {compress::Mode::standard, compress::Mode::mase}) {
    if (mode == compress::Mode::mase && *format.kind().mase_gap(format) != '\0') continue;
    for (const float v : test::quantized(format, {2, 4}, x, {.mode = mode})) CHECK(std::isfinite(v));
  }
}

// Parses, or throws an Error of one line; what was parsed is printed and parsed again.
bool survives(const std::string& text) {
  try {
    const Format format = parse_format(text);
    const std::string printed = compress::to_string(format);
    CAPTURE(text);
    CAPTURE(printed);
    CHECK(parse_format(printed) == format);
    CHECK(compress::to_string(parse_format(printed)) == printed);
    check_finite(format);
    return true;
  } catch (const engine::Error& error) {
    CHECK(std::string(error.what()).size() > 0);
    return false;
  }
}

}  // namespace

TEST_CASE("formats are printed as they are written") {
  for (const std::string text : {"fixed(8,4)",
                                 "fixed(8,4,floor)",
                                 "fixed(8,-4,half_away)",
                                 "fixed(8,12,stochastic)",
                                 "ufixed(8,4)",
                                 "minifloat(8,e4,b7)",
                                 "minifloat_denorm(8,e4,b7)",
                                 "log(8,b7)",
                                 "block_fp(8,e8,[1,16])",
                                 "block_fp(8,e8,b3,[-1,2,3,4])",
                                 "block_minifloat(8,e4,e8,[1,16])",
                                 "block_log(8,e8,[1,16])",
                                 "binary",
                                 "binary(channel)",
                                 "binary(tensor,stochastic)",
                                 "binary(unipolar)",
                                 "binary_residual(2)",
                                 "ternary",
                                 "ternary(channel)",
                                 "ternary(tensor,t0.5)",
                                 "mx(fp4_e2m1)",
                                 "mx(int8,16)"}) {
    CHECK(compress::to_string(parse_format(text)) == text);
  }
}

TEST_CASE("omitted parameters take their defaults, and what is the default is left out") {
  CHECK(compress::to_string(parse_format("minifloat(8,e4)")) == "minifloat(8,e4,b7)");
  CHECK(compress::to_string(parse_format("log(8)")) == "log(8,b63)");
  CHECK(compress::to_string(parse_format(" fixed( 8 , 4 , nearest_even ) ")) == "fixed(8,4)");
  CHECK(compress::to_string(parse_format("block_fp(8,e8,b127,[ 1, 16 ])")) == "block_fp(8,e8,[1,16])");
  CHECK(compress::to_string(parse_format("mx")) == "mx(int8)");
  CHECK(compress::to_string(parse_format("binary()")) == "binary");
  CHECK(compress::to_string(parse_format("ternary(t0.75)")) == "ternary");
  CHECK(parse_format("fixed(8,4)") == parse_format("fixed(8,4,nearest_even)"));
  CHECK_FALSE(parse_format("fixed(8,4)") == parse_format("ufixed(8,4)"));
  CHECK_FALSE(parse_format("block_fp(8,e8,[1,16])") == parse_format("block_fp(8,e8,[16])"));
  CHECK(parse_format("minifloat(8,e4)").parameter("exponent_bias") == 7);
  CHECK_THROWS_AS(parse_format("log(8)").parameter("frac_width"), engine::Error);
}

TEST_CASE("fixed point says its widths to those who execute it") {
  const auto fixed = compress::as_fixed(parse_format("ufixed(6,-2,floor)"));
  REQUIRE(fixed);
  CHECK(fixed->width == 6);
  CHECK(fixed->frac_bits == -2);
  CHECK_FALSE(fixed->is_signed);
  CHECK(fixed->rounding == engine::Rounding::floor);
  CHECK(fixed->codes() == engine::CodeRange{0, 63});
  CHECK_FALSE(compress::as_fixed(parse_format("fixed(6,2,stochastic)"))->rounding);
  CHECK_FALSE(compress::as_fixed(parse_format("log(8)")));
}

TEST_CASE("each illegal parameter is refused with its name, its range and the value") {
  CHECK(refusal("fixed(0,4)") == "fixed(0,4): width must be an integer between 1 and 32, got 0");
  CHECK(refusal("fixed(33,4)") == "fixed(33,4): width must be an integer between 1 and 32, got 33");
  CHECK(refusal("fixed(8.5,4)") == "fixed(8.5,4): width must be an integer between 1 and 32, got 8.5");
  CHECK(refusal("fixed(8,127)") == "fixed(8,127): frac_width must be an integer between -95 and 126, got 127");
  CHECK(refusal("fixed(8,-96)") == "fixed(8,-96): frac_width must be an integer between -95 and 126, got -96");
  CHECK(refusal("minifloat(4,e4)") == "minifloat(4,e4,b7): width must be between 5 and 28, got 4");
  CHECK(refusal("minifloat(32,e4)") == "minifloat(32,e4,b7): width must be between 5 and 28, got 32");
  CHECK(refusal("minifloat(8,e9)") == "minifloat(8,e9): exponent_width must be an integer between 1 and 8, got 9");
  CHECK(refusal("minifloat(8,e4,b148)") == "minifloat(8,e4,b148): exponent_bias must be between -126 and 147, got 148");
  CHECK(refusal("minifloat_denorm(5,e4)") == "minifloat_denorm(5,e4,b7): width must be between 6 and 29, got 5");
  CHECK(refusal("log(10)") == "log(10): width must be an integer between 2 and 9, got 10");
  CHECK(refusal("block_fp(8,e8,[0,16])") ==
        "block_fp(8,e8,[0,16]): block size must be -1 or between 1 and 999999999 in each dimension, got '0'");
  CHECK(refusal("block_fp(8,e8,[])") ==
        "block_fp(8,e8,[]): block size must be -1 or between 1 and 999999999 in each dimension, got ''");
  CHECK(refusal("block_fp(8,e8,[1,1,1,1,1])") ==
        "block_fp(8,e8,[1,1,1,1,1]): block size must have at most 4 dimensions");
  CHECK(refusal("block_fp(8,e8,[1,16)") == "block_fp(8,e8,[1,16): block size must be written as in [1,16], got [1,16");
  CHECK(refusal("binary(channel,unipolar)") ==
        "binary(channel,unipolar): unipolar goes only with scale none, got channel");
  CHECK(refusal("binary_residual(9)") == "binary_residual(9): levels must be an integer between 1 and 8, got 9");
  CHECK(refusal("ternary(t-1)") == "ternary(t-1): threshold must be between 0 and 100, got -1");
  CHECK(refusal("mx(int8,0)") == "mx(int8,0): block_size must be an integer between 1 and 65536, got 0");
  CHECK(test::contains(refusal("block_minifloat(8,e8,e8,[1,16])"), "width must be between 9 and 32, got 8"));
}

TEST_CASE("what is no format is refused with what there is") {
  CHECK(test::contains(refusal("flixed(8,4)"), "no format 'flixed'; the formats are fixed, ufixed, minifloat, "));
  CHECK(test::contains(refusal(""), "no format ''"));
  CHECK(refusal("fixed(8)") ==
        "fixed(8): frac_width is missing; it is written "
        "fixed(WIDTH,FRAC_WIDTH[,nearest_even|floor|half_away|stochastic])");
  CHECK(refusal("fixed") ==
        "fixed: width is missing; it is written "
        "fixed(WIDTH,FRAC_WIDTH[,nearest_even|floor|half_away|stochastic])");
  CHECK(test::contains(refusal("fixed(8,4,ceil)"), "fixed(8,4,ceil): cannot take 'ceil'; fixed is written"));
  CHECK(test::contains(refusal("fixed(8,4,4)"), "cannot take '4'"));
  CHECK(test::contains(refusal("log(8,7)"), "cannot take '7'; log is written log(WIDTH[,bEXPONENT_BIAS])"));
  CHECK(refusal("fixed(8,4") == "fixed(8,4: must end with ')'");
  CHECK(refusal("fixed(8,4) ") == "");
  CHECK(test::contains(refusal("block_fp(8,e8)"), "block size is missing"));
  CHECK(test::contains(refusal("fixed(8,nan)"), "cannot take 'nan'"));
  CHECK(test::contains(refusal("fixed(8,4)x"), "must end with ')'"));
  CHECK(test::error_text([] { compress::parse_mode("fast"); }) == "mode must be standard or mase, got 'fast'");
}

TEST_CASE("any text is a format, which is printed and read again, or refused") {
  engine::Rng rng(7, static_cast<std::uint64_t>(engine::Stream::test));
  const std::string letters = "0123456789eb,,()[]-. t\t\n\xff";
  std::int64_t n_formats = 0;
  for (const compress::FormatKind* kind : compress::format_kinds()) {
    CHECK(survives(kind->example));
    for (int i = 0; i < 3000; ++i) {
      std::string text = kind->example;
      for (std::uint64_t changes = 1 + rng.below(3); changes > 0 && !text.empty(); --changes) {
        const std::size_t at = rng.below(text.size());
        const char letter = letters[rng.below(letters.size())];
        if (const std::uint64_t what = rng.below(3); what == 0)
          text[at] = letter;
        else if (what == 1)
          text.insert(at, 1, letter);
        else
          text.erase(at, 1);
      }
      n_formats += survives(text);
    }
    for (int i = 0; i < 1000; ++i) {  // numbers of any size in the right places
      const auto number = [&] { return static_cast<int>(rng.below(40)) - 4; };
      n_formats +=
          survives(fmt::format("{}({},e{},b{},[{},{}])", kind->name, number(), number(), number(), number(), number()));
      n_formats += survives(fmt::format("{}({},{})", kind->name, number(), number()));
    }
  }
  CHECK(n_formats > 1000);
}
