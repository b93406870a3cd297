// Number formats and what they make of numbers.
#include "compress/formats/format.h"

#include <stdexcept>

#include "compress/quantize/plan.h"
#include "engine/base/error.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"fixed",  "ufixed",     "minifloat", "minifloat_denorm",
                                        "log",    "block_fp",   "block_log", "block_minifloat",
                                        "binary", "ternary",    "mx",        "(",
                                        ")",      ",",          "[",         "]",
                                        "[1,16]", "8",          "e4",        "b7",
                                        "half",   "calibrated", "sums",      "floor",
                                        "-1",     "1e9",        "mxfp4",     "mxint8"};
constexpr float kNumbers[] = {0, -0.0f, 1, -1.5f, 1e-30f, 3e38f, -7.25f, 0.1f, 100, -1e-3f, 2, 3, 5, 7, 11, 13};

void read(std::string_view bytes) {
  try {
    compress::parse_request(bytes);
  } catch (const engine::Error&) {
    // A format need not be a request.
  }
  const compress::Format format = compress::parse_format(bytes);
  if (compress::parse_format(to_string(format)) != format) throw std::logic_error("a format is written as another");
  compress::value_range(format);
  const engine::Shape shape{2, 8};
  compress::bits_per_value(format, shape);
  float result[16];
  compress::quantize(format, shape, kNumbers, result);
  if (compress::has_codes(format)) compress::codes(format, result);
  compress::quantize(format, shape, kNumbers, result, {.mode = compress::Mode::mase});
}

}  // namespace

Target format() { return {.name = "format", .read = read, .pieces = kPieces}; }

}  // namespace ingot::fuzz
