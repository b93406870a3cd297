#include <fmt/format.h>

#include <algorithm>

#include "tests/rtl/cases.h"

namespace ingot::test {
namespace {

int code(engine::Rounding rounding) { return static_cast<int>(rounding); }

// One of the numbers that divide n.
int divisor(int n, engine::Rng& rng) {
  for (;;) {
    const int d = 1 + static_cast<int>(rng.below(static_cast<std::uint64_t>(n)));
    if (n % d == 0) return d;
  }
}

int between(int low, int high, engine::Rng& rng) {
  return low + static_cast<int>(rng.below(static_cast<std::uint64_t>(high - low + 1)));
}

struct LinearData {
  Codes weights, biases, aligns;  // [out, in], [out], [out]
};

// A vector's outputs, from the definition.
void compute(const LinearShape& s, const LinearData& data, std::span<const std::int32_t> x, Codes& y) {
  const engine::CodeRange range = engine::code_range(s.out_width, s.out_signed);
  for (int o = 0; o < s.out; ++o) {
    const auto at = static_cast<std::size_t>(o);
    std::int64_t sum = data.biases[at];
    for (std::size_t i = 0; i < x.size(); ++i) sum += std::int64_t{x[i]} * data.weights[at * x.size() + i];
    y.push_back(static_cast<std::int32_t>(engine::requantize(sum, s.shift - data.aligns[at], s.rounding, range)));
  }
}

// Weights as rtl/linear.sv reads them: [ko][ki][po][pi].
Codes in_order_of_use(const LinearShape& s, const Codes& weights) {
  Codes ordered;
  for (int ko = 0; ko < s.out / s.po; ++ko)
    for (int ki = 0; ki < s.in / s.pi; ++ki)
      for (int o = 0; o < s.po; ++o)
        for (int i = 0; i < s.pi; ++i)
          ordered.push_back(weights[static_cast<std::size_t>((ko * s.po + o) * s.in + ki * s.pi + i)]);
  return ordered;
}

std::string rom(Batch& batch, const LinearShape& s, const std::string& name, const Codes& codes, int per_word,
                int width, int latency) {
  const std::string content = s.in_blocks ? fmt::format(".FILE(\"{}\"), .LATENCY({})",
                                                        batch.add_file(memory_text(codes, per_word, width)), latency)
                                          : fmt::format(".IMAGE({})", memory_constant(codes, width));
  return fmt::format(
      "    rom_{} #(.WIDTH({}), .DEPTH({}), {}) i_{}_rom (.clk_i($clk), .enable_i({}_enable), "
      ".address_i({}_address), .data_o({}));\n",
      s.in_blocks ? "block" : "small", per_word * width, codes.size() / static_cast<std::size_t>(per_word), content,
      name, name == "weight" ? "weight" : "rom", name, name);
}

int address_width(int depth) {
  int bits = 1;
  while (1 << bits < depth) ++bits;
  return bits;
}

std::string body(Batch& batch, const LinearShape& s, const LinearData& data) {
  const int beats_out = s.out / s.po, depth = s.in / s.pi * beats_out;
  std::string text = fmt::format(
      "    logic rom_enable, weight_enable;\n    logic [{}-1:0] weight_address;\n    logic [{}-1:0] weight;\n"
      "    logic [{}-1:0] bias_address, align_address;\n    logic [{}-1:0] bias;\n    logic [{}-1:0] align;\n",
      address_width(depth), s.po * s.pi * s.weight_width, address_width(beats_out), s.po * s.bias_width,
      std::max(s.po * s.align_width, 1));
  text += fmt::format(
      "    linear #(.IN({}), .OUT({}), .PI({}), .PO({}), .IN_WIDTH({}), .IN_SIGNED({}), .WEIGHT_WIDTH({}), "
      ".BIAS_WIDTH({}), .ALIGN_WIDTH({}), .OUT_WIDTH({}), .OUT_SIGNED({}), .SHIFT({}), .ROUNDING({}), "
      ".IN_LATENCY({}), .WEIGHT_LATENCY({}), .BIAS_LATENCY({}), .ALIGN_LATENCY({}), .SHARES_MULTIPLIERS({})) i_linear ("
      "{}{}, .rom_enable_o(rom_enable), .weight_enable_o(weight_enable), .weight_address_o(weight_address), "
      ".weight_i(weight), .bias_address_o(bias_address), .bias_i(bias), .align_address_o(align_address), "
      ".align_i(align));\n",
      s.in, s.out, s.pi, s.po, s.in_width, int{s.in_signed}, s.weight_width, s.bias_width, s.align_width, s.out_width,
      int{s.out_signed}, s.shift, code(s.rounding), s.in_latency, s.weight_latency, s.bias_latency, s.align_latency,
      int{s.shares_multipliers}, kClock, kStreams);
  text += rom(batch, s, "weight", in_order_of_use(s, data.weights), s.po * s.pi, s.weight_width, s.weight_latency);
  text += rom(batch, s, "bias", data.biases, s.po, s.bias_width, s.bias_latency);
  return text + (s.align_width > 0
                     ? rom(batch, s, "align", data.aligns, s.po, s.align_width, s.align_latency)
                     : "    logic unused;\n    assign unused = |align_address;\n    assign align = 1'b0;\n");
}

}  // namespace

std::string to_string(const LinearShape& s) {
  return fmt::format("linear {}->{} P {}x{} widths {}{} {} {} {}{} shift {} align {} rounding {}{}{}", s.in, s.out,
                     s.pi, s.po, s.in_signed ? "s" : "u", s.in_width, s.weight_width, s.bias_width,
                     s.out_signed ? "s" : "u", s.out_width, s.shift, s.align_width, code(s.rounding),
                     s.shares_multipliers ? " by shared multipliers" : "",
                     s.in_blocks ? fmt::format(" in blocks of latency {}, {}, {}, {}", s.in_latency, s.weight_latency,
                                               s.bias_latency, s.align_latency)
                                 : "");
}

LinearShape random_shape(engine::Rng& rng) {
  LinearShape s;
  s.in = between(1, 24, rng);
  s.out = between(1, 12, rng);
  s.pi = divisor(s.in, rng);
  s.po = divisor(s.out, rng);
  s.in_width = between(2, 12, rng);
  s.weight_width = between(2, 12, rng);
  s.bias_width = between(2, 24, rng);
  s.out_width = between(2, 16, rng);
  s.in_signed = rng.below(3) != 0;
  s.out_signed = rng.below(3) != 0;
  s.shift = between(-2, 16, rng);
  s.align_width = rng.below(3) == 0 ? between(1, 3, rng) : 0;
  s.rounding = static_cast<engine::Rounding>(rng.below(3));
  s.shares_multipliers = s.po % 2 == 0 && s.bias_width % 2 == 0;
  s.in_blocks = rng.below(2) == 0;
  if (!s.in_blocks) return s;
  s.weight_latency = between(1, 2, rng);
  s.in_latency = between(1, s.weight_latency, rng);
  s.bias_latency = between(1, 2, rng);
  s.align_latency = between(1, 2, rng);
  return s;
}

int latency(const LinearShape& s) {
  int tree = 1;
  for (int left = (s.pi + 3) / 4; left > 1; left = (left + 3) / 4) ++tree;
  return s.in / s.pi - 1 + 4 + s.in_latency + tree + (s.align_width > 0 ? 1 : 0);
}

void add_linear(Batch& batch, const LinearShape& s, int vectors, engine::Rng& rng) {
  LinearData data{.weights = random_codes(static_cast<std::size_t>(s.in * s.out), s.weight_width, true, rng),
                  .biases = random_codes(static_cast<std::size_t>(s.out), s.bias_width, true, rng),
                  .aligns = Codes(static_cast<std::size_t>(s.out))};
  if (s.align_width > 0) data.aligns = random_codes(data.aligns.size(), s.align_width, false, rng);
  Codes input, expected;
  for (int v = 0; v < vectors; ++v) {
    const Codes x = random_codes(static_cast<std::size_t>(s.in), s.in_width, s.in_signed, rng);
    compute(s, data, x, expected);
    input.insert(input.end(), x.begin(), x.end());
  }
  batch.add(to_string(s), body(batch, s, data), {s.in_width, s.pi, s.in / s.pi}, input,
            {s.out_width, s.po, s.out / s.po}, expected);
}

}  // namespace ingot::test
