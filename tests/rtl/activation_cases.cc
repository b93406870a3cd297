#include <fmt/format.h>

#include "compress/integer/ops/random_slopes.h"
#include "compress/integer/ops/slope.h"
#include "compress/integer/ops/table.h"
#include "tests/rtl/cases.h"

namespace ingot::test {
namespace {

using engine::Rounding;

constexpr const char* kPassThrough = "    assign $m_valid = $s_valid;\n    assign $s_ready = $m_ready;\n";

// Every code if there are few, else random ones: [beats x lanes].
Codes all_codes(int width, bool is_signed, int lanes, engine::Rng& rng) {
  const auto n_lanes = static_cast<std::size_t>(lanes);
  if (width > 12) return random_codes(2000 * n_lanes, width, is_signed, rng);
  const engine::CodeRange range = engine::code_range(width, is_signed);
  Codes codes;
  for (std::int64_t code = range.lowest; code <= range.highest; ++code)
    codes.push_back(static_cast<std::int32_t>(code));
  while (codes.size() % n_lanes != 0) codes.push_back(0);
  return codes;
}

std::int32_t scaled(std::int32_t x, int slope, int slope_frac, Rounding rounding, int width) {
  if (x >= 0) return x;
  return static_cast<std::int32_t>(
      engine::requantize(std::int64_t{x} * slope, slope_frac, rounding, engine::code_range(width, true)));
}

// Slopes drawn for each beat, as RReLU in training.
template <class Slopes>
Codes with_slopes(Slopes slopes, const Codes& input, int lanes, int width) {
  Codes expected;
  for (std::size_t i = 0; i < input.size(); ++i) {
    const std::size_t lane = i % static_cast<std::size_t>(lanes);
    expected.push_back(
        scaled(input[i], slopes.slope(lane), Slopes::kFracBits, slopes.rounding(Rounding::nearest_even), width));
    if (lane + 1 == static_cast<std::size_t>(lanes)) slopes.step();
  }
  return expected;
}

}  // namespace

void add_requantize(Batch& batch, int in_width, int out_width, bool out_signed, int shift, int rounding,
                    engine::Rng& rng) {
  const Codes input = all_codes(in_width, true, 1, rng);
  Codes expected;
  for (const std::int64_t x : input) {
    const engine::CodeRange range = engine::code_range(out_width, out_signed);
    // half_up: the floor of what is half a unit larger.
    const std::int64_t half = shift > 0 ? std::int64_t{1} << (shift - 1) : 0;
    expected.push_back(static_cast<std::int32_t>(
        rounding == 3 ? engine::requantize(x + half, shift, Rounding::floor, range)
                      : engine::requantize(x, shift, static_cast<Rounding>(rounding), range)));
  }
  batch.add(fmt::format("requantize {} -> {}{} shift {} rounding {}", in_width, out_signed ? "s" : "u", out_width,
                        shift, rounding),
            fmt::format("    requantize #(.IN_WIDTH({}), .OUT_WIDTH({}), .OUT_SIGNED({}), .SHIFT({}), .ROUNDING({})) "
                        "i_requantize (.x_i($s), .y_o($m));\n{}",
                        in_width, out_width, int{out_signed}, shift, rounding, kPassThrough),
            {in_width, 1, 1}, input, {out_width, 1, 1}, expected);
}

void add_relu(Batch& batch, int lanes, int width, engine::Rng& rng) {
  const Codes input = all_codes(width, true, lanes, rng);
  Codes expected;
  for (const std::int32_t x : input) expected.push_back(x > 0 ? x : 0);
  batch.add(fmt::format("relu {} x {} bits", lanes, width),
            fmt::format("    relu #(.LANES({}), .WIDTH({})) i_relu ({});\n", lanes, width, kStreams), {width, lanes, 1},
            input, {width, lanes, 1}, expected);
}

void add_leaky_relu(Batch& batch, int lanes, int width, int slope, int slope_frac, Rounding rounding,
                    engine::Rng& rng) {
  const Codes input = all_codes(width, true, lanes, rng);
  Codes expected;
  for (const std::int32_t x : input) expected.push_back(scaled(x, slope, slope_frac, rounding, width));
  batch.add(fmt::format("leaky_relu {} x {} bits, slope {} / 2^{}", lanes, width, slope, slope_frac),
            fmt::format("    leaky_relu #(.LANES({}), .WIDTH({}), .SLOPE({}), .SLOPE_FRAC({}), .ROUNDING({})) "
                        "i_leaky_relu ({});\n",
                        lanes, width, slope, slope_frac, static_cast<int>(rounding), kStreams),
            {width, lanes, 1}, input, {width, lanes, 1}, expected);
}

void add_rrelu(Batch& batch, RreluMode mode, int lanes, int width, std::uint32_t seed, engine::Rng& rng) {
  const Codes input = random_codes(static_cast<std::size_t>(1000 * lanes), width, true, rng);
  Codes expected;
  switch (mode) {
    case RreluMode::eval:
      for (const std::int32_t x : input)
        expected.push_back(
            scaled(x, compress::kEvalSlope, compress::kEvalSlopeFracBits, Rounding::nearest_even, width));
      break;
    case RreluMode::lab:
      expected = with_slopes(compress::LabSlopes(seed), input, lanes, width);
      break;
    case RreluMode::uniform:
      expected = with_slopes(compress::UniformSlopes(seed, static_cast<std::size_t>(lanes)), input, lanes, width);
      break;
  }
  batch.add(fmt::format("rrelu mode {}, {} x {} bits", static_cast<int>(mode), lanes, width),
            fmt::format("    rrelu #(.LANES({}), .WIDTH({}), .MODE({}), .SEED({})) i_rrelu ({}{});\n", lanes, width,
                        static_cast<int>(mode), seed, kClock, kStreams),
            {width, lanes, 1}, input, {width, lanes, 1}, expected);
}

void add_table(Batch& batch, int lanes, int in_width, int out_width, engine::Rng& rng) {
  const Codes table = random_codes(std::size_t{1} << in_width, out_width, false, rng);
  const Codes input = random_codes(static_cast<std::size_t>(500 * lanes), in_width, false, rng);
  Codes expected;
  for (const std::int32_t x : input) expected.push_back(table[static_cast<std::size_t>(x)]);
  batch.add(fmt::format("table_activation {} x {} -> {} bits", lanes, in_width, out_width),
            fmt::format("    table_activation #(.LANES({}), .IN_WIDTH({}), .OUT_WIDTH({}), .FILE(\"{}\")) i_table "
                        "({}{});\n",
                        lanes, in_width, out_width, batch.add_file(memory_text(table, 1, out_width)), kClock, kStreams),
            {in_width, lanes, 1}, input, {out_width, lanes, 1}, expected);
}

}  // namespace ingot::test
