// Linear layers of which two outputs share a multiplier: emitted, synthesised, and chosen where a chip has too few.
#include <doctest/doctest.h>

#include "compress/integer/ops/linear.h"
#include "engine/base/child.h"
#include "hw/emit/folder.h"
#include "hw/passes/cost.h"
#include "hw/passes/parallelism.h"
#include "hw/passes/products.h"
#include "hw/simulation/verify.h"
#include "hw/synthesis/sweep.h"
#include "hw/synthesis/synthesize.h"
#include "tests/support/temporary_folder.h"

namespace ingot::test {
namespace {

using compress::Products;
using hw::Target;

bool has(const char* program) {
  if (engine::find_program(program)) return true;
  MESSAGE("skipped: " << program << " is missing: install its Debian package");
  return false;
}

hw::Graph layer(std::int64_t k, std::int64_t n, int weight_width, const char* parallelism,
                std::optional<Target> sharing) {
  hw::Graph graph =
      hw::random_layer({.n = n, .k = k, .input_width = 8, .weight_width = weight_width, .output_width = 8}, 1);
  hw::set_parallelism(graph, parallelism, sharing);
  return graph;
}

Products products_of(const hw::Graph& graph) { return graph.nodes[0].as<compress::Linear>()->products; }

std::int64_t dsps(const hw::Graph& graph, Target target) {
  const TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", graph, {});
  return hw::synthesize(hw::open_emitted(folder / "rtl"), target, {}).dsp;
}

TEST_CASE("A layer of shared multipliers takes half the DSPs of Xilinx, and RTL and netlist give its graph's codes") {
  if (!has("yosys") || !has("verilator_bin")) return;
  const hw::Graph graph = layer(4, 4, 8, "2x4", Target::xilinx);
  CHECK(hw::products(graph) == 8);
  CHECK(hw::multipliers(graph) == 4);
  CHECK(hw::cost(graph, Target::xilinx).dsp == 4);
  CHECK(hw::cost(layer(4, 4, 8, "2x4", {}), Target::xilinx).dsp == 8);
  const TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", graph, {});
  const hw::EmittedRtl rtl = hw::open_emitted(folder / "rtl");
  CHECK(products_of(rtl.graph) == Products::shared_multipliers);
  const hw::Verification v = hw::verify(rtl, {.n_vectors = 3000});
  CHECK(v.ok());
  CHECK(v.interval == doctest::Approx(2).epsilon(0.05));
  const hw::Verification netlist = hw::verify(rtl, {.n_vectors = 3000, .netlist = Target::xilinx});
  CHECK(netlist.ok());
  CHECK(netlist.netlist->cells.value("DSP48E1", 0) == 4);
}

TEST_CASE("Weights of 4 bits share multipliers on ECP5") {
  if (!has("yosys")) return;
  CHECK(dsps(layer(4, 4, 4, "2x4", {}), Target::ecp5) == 8);
  CHECK(dsps(layer(4, 4, 4, "2x4", Target::ecp5), Target::ecp5) == 4);
}

TEST_CASE("Multipliers are shared where the chip's are wide enough and outputs come in pairs, and only if asked for") {
  const auto shares = [](int weight_width, const char* parallelism, std::optional<Target> sharing) {
    const hw::Graph graph = layer(4, 4, weight_width, parallelism, sharing);
    return products_of(graph) == Products::shared_multipliers;
  };
  CHECK_FALSE(shares(8, "4", {}));
  CHECK(shares(8, "4", Target::xilinx));
  CHECK(shares(8, "4", Target::artix_100t));
  CHECK_FALSE(shares(9, "4", Target::xilinx));
  CHECK_FALSE(shares(8, "4x1", Target::xilinx));
  CHECK_FALSE(shares(8, "adders", Target::xilinx));
  CHECK_FALSE(shares(5, "4", Target::ecp5));
  CHECK(shares(4, "4", Target::ecp5));
  CHECK_FALSE(shares(4, "4", Target::up5k));
  CHECK(shares(3, "4", Target::up5k));
  CHECK_FALSE(shares(2, "4", Target::up5k));  // Yosys makes such products of logic
  CHECK_FALSE(shares(3, "4", Target::ice40));
  CHECK_FALSE(shares(3, "4", Target::generic));
  hw::Graph graph = layer(4, 4, 8, "4", Target::xilinx);
  graph.edges[0].format.is_signed = false;  // its sign takes the bit that is left
  hw::set_parallelism(graph, "4", Target::xilinx);
  CHECK(products_of(graph) == Products::multipliers);
}

TEST_CASE(
    "A device that has too few multipliers gets shared ones, and is twice as fast; one that has enough does not") {
  hw::Graph graph = layer(32, 32, 8, "1", {});
  hw::choose_for_target(graph, Target::artix_100t);
  CHECK(products_of(graph) == Products::shared_multipliers);
  CHECK(hw::products(graph) == 256);
  CHECK(hw::product_units(graph) == "product units");
  CHECK(hw::excess(hw::cost(graph, Target::artix_100t), Target::artix_100t).empty());
  hw::Graph small = layer(8, 8, 8, "1", {});
  hw::choose_for_target(small, Target::artix_100t);
  CHECK(products_of(small) == Products::multipliers);
  hw::choose_for_multipliers(small, 8, Target::xilinx);
  CHECK(hw::products(small) == 16);
  hw::choose_for_multipliers(small, 8);
  CHECK(hw::products(small) == 8);
}

}  // namespace
}  // namespace ingot::test
