// A search asks for the cost at every trial, and a synthesis takes seconds to minutes. So the cost is estimated.
//
// LUTs and flip-flops of a Linear layer are a sum over its parts: adder trees, products, accumulators, input banks,
// ROMs in logic. The size of each part follows from the shape (lut_features, ff_features). One coefficient a part says
// how many cells Yosys makes of it. `ingot synth --sweep` fits the coefficients to syntheses of random shapes
// (synthesis/sweep.cc); they are never negative, so that a part cannot pay for another. Multipliers, block RAMs and
// cycles are counted, not fitted: they follow from the structure of rtl/linear.sv.
//
// The price is accuracy: a single shape can be off by a quarter, and by more without multipliers (cost.h has the
// figures). ROM contents do not enter, so layers whose weights Yosys can simplify cost less than the estimate. The
// coefficients belong to Yosys 0.23 and the rtl/ of today: after a change of either the sweep must be run again.
#include "hw/modules/linear_cost.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "compress/integer/ops/linear.h"

namespace ingot::hw {
namespace {

struct Coefficients {
  std::vector<double> lut, ff;  // of lut_features, ff_features
};

// Fitted by `ingot synth --sweep 20 --target T` (docs/hardware/sweep-T), and with --no-dsp (sweep-T-no-dsp).
const Coefficients& coefficients(Target target, bool dsp) {
  static const Coefficients kAll[kFamilies][2] = {
      // without multipliers, with them
      {{{67.81, 0.2473, 0, 2.971, 2.88, 0, 0.465, 0.7092},
        {36.4, 0.9225, 1.717, 0, 0.04465, 1.056, 0.07955, 1.457}},  // ice40
       {{67.81, 0.2473, 0, 2.971, 2.88, 0, 0.465, 0.7092}, {36.4, 0.9225, 1.717, 0, 0.04465, 1.056, 0.07955, 1.457}}},
      {{{0, 1.836, 0, 4.16, 4.703, 4.801, 0, 0}, {30.33, 0.7555, 1.598, 0.2269, 0, 1.158, 1.507, 1.494}},  // ecp5
       {{21.05, 6.148, 1.453, 0, 4.33, 2.408, 1.003, 0}, {30.33, 0.7555, 1.598, 0.2269, 0, 1.158, 1.507, 1.494}}},
      {{{20.55, 1.566, 0, 2.261, 1.384, 0.6004, 0.8963, 0},
        {30.33, 0.7555, 1.598, 0.2269, 0, 1.158, 1.507, 1.494}},  // xilinx
       {{0, 6.159, 0.05714, 1.819, 1.867, 0.175, 1.3, 0},
        {45.86, 1.311, 1.18, 0.04347, 0.569, 0.6949, 0.8984, 0.8252}}},
  };
  return kAll[static_cast<std::size_t>(family(target))][dsp ? 1 : 0];
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return std::max(sum, 0.0);
}

double log2_up(std::int64_t n) { return std::ceil(std::log2(static_cast<double>(n))); }

// Yosys leaves narrow products to logic.
bool is_in_multiplier(int product_bits, Target target) {
  constexpr int kLeastProduct[kFamilies] = {11, 0, 9};
  return has_multipliers(target) && product_bits >= kLeastProduct[static_cast<std::size_t>(family(target))];
}

struct Derived {
  double products, beats_in, beats_out, product_bits, sum_bits;
  bool in_dsp;        // products use multipliers of the chip
  bool shares;        // two of them one
  double logic_bits;  // bits of a word of the ROMs that are logic
  double logic_luts;  // LUTs of these ROMs: one a bit, but no more than the 2^depth functions that can differ
  bool small_weights, small_bias;
};
Derived derived(const LinearShape& s, Target target, bool dsp) {
  const auto [in, out] = s.parallelism;
  const int product = s.input_width + s.weight_width;
  Derived d{.products = static_cast<double>(in * out),
            .beats_in = static_cast<double>(s.k / in),
            .beats_out = static_cast<double>(s.n / out),
            .product_bits = static_cast<double>(product),
            .sum_bits = product + log2_up(s.k)};
  d.in_dsp = dsp && is_in_multiplier(product, target);
  d.shares = d.in_dsp && s.shares_multipliers && can_share_multipliers(s, target);
  d.small_weights = d.beats_in * d.beats_out <= 16;
  d.small_bias = d.beats_out <= 16;
  d.logic_bits =
      (d.small_weights ? d.products * s.weight_width : 0) + (d.small_bias ? static_cast<double>(out) * d.sum_bits : 0);
  const auto luts = [](bool small, double width, double depth) {
    return small ? std::min(width, std::exp2(depth)) : 0;
  };
  d.logic_luts = luts(d.small_weights, d.products * s.weight_width, d.beats_in * d.beats_out) +
                 luts(d.small_bias, static_cast<double>(out) * d.sum_bits, d.beats_out);
  return d;
}

// Yosys puts registers around products into the multipliers of the chip, but for those of ecp5.
bool has_registers_in_dsp(const Derived& d, Target target) { return d.in_dsp && family(target) != Family::ecp5; }

// The registers behind block RAM (rom_block.sv: LATENCY).
double rom_register_bits(const LinearShape& s, const Derived& d, Target target) {
  const bool in_dsp = has_registers_in_dsp(d, target);
  const auto in = static_cast<double>(s.parallelism.in);
  return (d.small_weights || in_dsp ? 0 : d.products * s.weight_width) +
         (!in_dsp && keeps_input_in_block_ram(s.k / s.parallelism.in) ? in * s.input_width : 0) +
         (d.small_bias ? 0 : static_cast<double>(s.parallelism.out) * d.sum_bits);
}

// What sharing costs, measured on six layers (docs/hardware): on Xilinx sums in trees leave the DSPs, and registers of
// weights stand before the adder that packs two; elsewhere two adders of a pair, the packing one and the one that gives
// back what the upper product lent.
void add_sharing(Cost& cost, const LinearShape& s, const Derived& d, Target target) {
  const double pairs = d.products / 2;
  const auto out = static_cast<double>(s.parallelism.out), in = static_cast<double>(s.parallelism.in);
  if (family(target) == Family::xilinx) {
    cost.lut += 1.3 * out * (in - 1) * (d.product_bits + 1);
    cost.ff += 1.1 * pairs * d.product_bits;
  } else {
    cost.lut += 2.1 * pairs * d.product_bits;
    if (family(target) == Family::ice40) cost.ff += 0.5 * pairs * d.product_bits;
  }
}

}  // namespace

std::vector<double> lut_features(const LinearShape& s, Target target, bool dsp) {
  const Derived d = derived(s, target, dsp);
  const auto out = static_cast<double>(s.parallelism.out), in = static_cast<double>(s.parallelism.in);
  const double bank_words = 2 * std::exp2(log2_up(s.k / s.parallelism.in));
  return {1,
          log2_up(s.k * s.n),                                          // counters
          out * (in - 1) * (d.product_bits + 1),                       // adders of the trees
          d.in_dsp ? 0 : d.products * s.input_width * s.weight_width,  // products
          out * d.sum_bits * (d.beats_in > 1 ? 1 : 0.5),               // accumulators and requantisation
          in * s.input_width * std::ceil(bank_words / 16),             // banks of inputs
          d.logic_luts,                                                // ROMs in logic
          // Registers without a LUT before them, which take logic cells of ice40.
          family(target) == Family::ice40 ? rom_register_bits(s, d, target) : 0};
}

std::vector<double> ff_features(const LinearShape& s, Target target, bool dsp) {
  const Derived d = derived(s, target, dsp);
  const auto out = static_cast<double>(s.parallelism.out), in = static_cast<double>(s.parallelism.in);
  const bool absorbed = has_registers_in_dsp(d, target);
  return {1,
          absorbed ? 0 : d.products * d.product_bits,      // products
          out * std::ceil(in / 4) * (d.product_bits + 2),  // trees, a register after two levels
          out * d.sum_bits,
          out * s.output_width,
          d.logic_bits,
          in * s.input_width,
          rom_register_bits(s, d, target)};
}

Cost cost(const LinearShape& s, Target target, bool dsp) {
  const Derived d = derived(s, target, dsp);
  const Coefficients& c = coefficients(target, dsp);
  Cost cost{.lut = dot(c.lut, lut_features(s, target, dsp)),
            .ff = dot(c.ff, ff_features(s, target, dsp)),
            .dsp = !d.in_dsp  ? 0
                   : d.shares ? d.products / 2
                              : d.products,
            .cycles = static_cast<std::int64_t>(d.beats_in * d.beats_out)};
  if (d.shares) add_sharing(cost, s, d, target);
  if (s.per_channel) {  // a shifter and a register for each sum; measured on blocks of trained models
    cost.lut += 2 * static_cast<double>(s.parallelism.out) * d.sum_bits;
    cost.ff += static_cast<double>(s.parallelism.out) * d.sum_bits;
  }
  if (!d.small_weights) cost.bram = block_rams(d.beats_in * d.beats_out, d.products * s.weight_width, target);
  if (!d.small_bias) cost.bram += block_rams(d.beats_out, static_cast<double>(s.parallelism.out) * d.sum_bits, target);
  return cost;
}

bool keeps_input_in_block_ram(std::int64_t beats) { return 2 * std::bit_ceil(static_cast<std::uint64_t>(beats)) > 32; }

bool can_share_multipliers(const LinearShape& s, Target target) {
  if (family(target) == Family::generic || !is_in_multiplier(s.input_width + s.weight_width, target)) return false;
  const MultiplierSides sides = multiplier_sides(family(target));
  const int common = s.input_width + (s.input_is_signed ? 0 : 1);
  return s.parallelism.out % 2 == 0 && common <= sides.narrow && common + 2 * s.weight_width + 1 <= sides.wide;
}

LinearShape shape_of(const Layer& layer) {
  const auto& linear = *layer.as<compress::Linear>();
  const std::vector<int>& bits = linear.weight_frac_bits;
  return {.n = layer.n_out(),
          .k = layer.n_in(),
          .input_width = layer.input().width,
          .weight_width = linear.weight_width,
          .output_width = layer.output().width,
          .parallelism = layer.parallelism(),
          .input_is_signed = layer.input().is_signed,
          .shares_multipliers = linear.products == compress::Products::shared_multipliers,
          .per_channel = !std::equal(bits.begin() + 1, bits.end(), bits.begin())};
}

}  // namespace ingot::hw
