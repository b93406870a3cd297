// rtl/table_activation.sv: any function of a code.
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
  emission.stored.push_back({"table", std::move(image), true});
  return emission;
}

}  // namespace

const Module kTableModule{
    .name = "table_activation", .sources = kSources, .has_clock = true, .serves = serves, .emit = emit};

}  // namespace ingot::hw
