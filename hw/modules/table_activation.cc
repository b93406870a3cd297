// rtl/table_activation.sv: any function of a code.
#include <algorithm>
#include <cmath>

#include "compress/integer/ops/table.h"
#include "hw/modules/module.h"

namespace ingot::hw {

extern const Module kTableModule;

namespace {

constexpr std::string_view kSources[] = {"table_activation.sv"};

bool serves(const Layer& node) { return node.as<compress::Table>() != nullptr; }

Emission emit(const Layer& node) {
  Emission emission;
  add_streams(emission, node);
  Image image{.name = node.name() + "_table"};
  for (const std::int32_t code : node.as<compress::Table>()->codes) {
    image.words.emplace_back();
    image.words.back().append(code, node.output().width);
  }
  emission.instances = {{.module = "table_activation",
                         .name = node.name() + "_inst",
                         .parameters = {{"LANES", node.name() + "_DATA_IN_0_PARALLELISM_DIM_0"},
                                        {"IN_WIDTH", node.name() + "_DATA_IN_0_PRECISION_0"},
                                        {"OUT_WIDTH", node.name() + "_DATA_OUT_0_PRECISION_0"}},
                         .image = image.name}};
  emission.stored.push_back({"table", std::move(image), Storage::by_size});
  return emission;
}

// LUTs of a table in logic, for one lane. A bit of the table is cut into truth tables that a LUT can hold. At most 4
// (xilinx) or 8 of them differ, because the functions here are nearly linear or constant far from 0. Syntheses of GELU
// agree within a third.
double table_luts(std::int64_t words, int width, Target target) {
  const std::int64_t size = family(target) == Family::xilinx ? 64 : 16, most = family(target) == Family::xilinx ? 4 : 8;
  return static_cast<double>(width * std::clamp<std::int64_t>(words / size, 1, most));
}

Cost estimate(const Layer& node, Target target, bool) {
  const auto lanes = static_cast<double>(node.parallelism().in);
  const auto words = static_cast<std::int64_t>(node.as<compress::Table>()->codes.size());
  const int width = node.output().width;
  if (is_logic_table(words, width, node.parallelism().in, target))
    return {.lut = 2 + lanes * table_luts(words, width, target), .ff = 1 + lanes * width};
  // Two lanes share a memory; on ice40, whose memories have one read port, none do.
  const double memories = family(target) == Family::ice40 ? lanes : std::ceil(lanes / 2);
  return {.lut = 2, .ff = 1, .bram = memories * block_rams(std::exp2(node.input().width), width, target)};
}

}  // namespace

const Module kTableModule{.name = "table_activation",
                          .sources = kSources,
                          .has_clock = true,
                          .serves = serves,
                          .emit = emit,
                          .cost = estimate};

}  // namespace ingot::hw
