#include "hw/core/fit.h"

#include <optional>

#include "engine/base/error.h"
#include "hw/core/memory.h"
#include "hw/core/schedule.h"

namespace ingot::hw {
namespace {

// Products of 18 x 18 bits or less, of ice40 of 16 x 16, of which rtl/norm_unit.sv then takes one more. A chip without
// multipliers builds them of logic, as the estimate of Linears says.
double multipliers(const CorePlan& plan, Target target) {
  const std::int64_t of_norm = family(target) == Family::ice40 ? 6 : 5;
  return static_cast<double>(plan.size.pi * plan.size.po + of_norm * plan.size.lanes);
}

// Keys and values are in large RAMs where a chip has one for each of their banks.
bool has_large_rams(const CorePlan& plan, Target target) {
  return plan.size.pi + plan.size.po <= info(target).budget.spram;
}

// What a core takes without lanes and products, what a lane adds and what a product.
struct Share {
  double base, lane, product;
  double of(double lanes, double products) const { return base + lane * lanes + product * products; }
};

// LUT and FF are rough. Of ecp5, and of ice40, whose small cores are near: with one lane a model of 8 numbers a row
// with 2 x 2 products took 5150 LUT and 4577 FF (the estimate says 6340 and 5300), BERT-tiny with 8 x 8 took 11319 and
// 9806 (11440 and 9800), with 16 x 8 16099 and 14186 (16880 and 14600); what more lanes add was not measured. Of
// Xilinx, whose LUTs have six inputs and whose multipliers have the registers around them and the first adders of a
// sum: BERT-tiny with 2 x 2 and one lane took 3989 and 4689, with 8 x 16 7162 and 8919, with 4 x 4 and two lanes 5859
// and 6732. Of ice40, a serial core of 32 numbers a row took 5001 logic cells and 2540 flip-flops of a UP5K (4985 and
// 2675), without its serial line; what being serial saves elsewhere was not measured.
constexpr Share kLut{3500, 2500, 85}, kFf{2500, 2500, 75}, kXilinxLut{2300, 1600, 26}, kXilinxFf{2900, 1650, 34};

}  // namespace

Cost core_cost(const Encoder& encoder, const CorePlan& plan, Target target) {
  const auto products = static_cast<double>(plan.size.pi * plan.size.po), lanes = static_cast<double>(plan.size.lanes);
  const bool is_xilinx = family(target) == Family::xilinx;
  Cost cost{.lut = (is_xilinx ? kXilinxLut : kLut).of(lanes, products),
            .ff = (is_xilinx ? kXilinxFf : kFf).of(lanes, products)};
  if (plan.is_serial && family(target) == Family::ice40) {
    cost.lut -= 1100 * lanes;
    cost.ff -= 2400 * lanes;
  }
  cost.dsp = has_multipliers(target) ? multipliers(plan, target) : 0;
  if (!has_multipliers(target)) cost.lut += 100 * products;
  for (const CoreMemory& memory : memories_of(encoder, plan)) {
    // Chips without RAM in LUTs take a block for the smallest memory.
    const bool has_lut_ram = family(target) != Family::ice40;
    if (memory.is_outside || memory.is_in_logic || (memory.has_one_port && has_large_rams(plan, target))) continue;
    if (memory.is_rom || memory.words > 32 || !has_lut_ram)
      cost.bram += static_cast<double>(memory.copies) *
                   block_rams(static_cast<double>(memory.words), static_cast<double>(memory.bits), target);
  }
  cost.cycles = cycles_of(encoder, plan, plan.size.longest).total;
  return cost;
}

CoreSize choose_size(const Encoder& encoder, std::int64_t longest, std::int64_t lanes, Target target,
                     bool streams_weights) {
  std::optional<CoreSize> best;
  std::string refusal;
  for (std::int64_t products = 1; products <= 1024; products *= 2) {
    std::int64_t po = 1;
    while (po * po < products) po *= 2;
    const CoreSize size{
        .pi = products / po, .po = po, .lanes = lanes, .longest = longest, .streams_weights = streams_weights};
    if (size.lanes > size.pi) continue;
    std::optional<CorePlan> plan;
    try {
      plan = plan_core(encoder, size);
    } catch (const engine::Error& error) {
      if (refusal.empty()) refusal = error.what();
      continue;
    }
    const std::string lacks = excess(core_cost(encoder, *plan, target), target);
    if (lacks.empty()) {
      best = size;
    } else if (!best) {
      refusal = fmt::format("--target: {} cannot hold texts of {} tokens: {} x {} products need {}", name(target),
                            longest, size.pi, size.po, lacks);
      break;
    }
  }
  if (!best) engine::fail("{}", refusal);
  return *best;
}

}  // namespace ingot::hw
