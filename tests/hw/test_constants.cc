// Linear layers of adders: emitted, simulated and chosen.
#include <doctest/doctest.h>

#include <algorithm>

#include "engine/base/child.h"
#include "hw/emit/folder.h"
#include "hw/passes/cost.h"
#include "hw/passes/parallelism.h"
#include "hw/passes/products.h"
#include "hw/simulation/verify.h"
#include "hw/synthesis/synthesize.h"
#include "tests/compress/graphs.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using engine::Rounding;
using hw::Simulator;
using test::contains;
using test::error_text;
using test::fixed;

namespace {

bool has(const char* program) {
  if (engine::find_program(program)) return true;
  MESSAGE("skipped: " << std::string(program) << " is missing: install its Debian package");
  return false;
}

// A Linear of adders with these widths.
hw::Graph layer(engine::Rng& rng, std::int64_t k, std::int64_t n, const hw::FixedPoint& x, const hw::FixedPoint& y,
                int weight_width, bool per_channel = false) {
  hw::Graph graph{.name = "constants"};
  test::push(graph, test::linear_node(rng, "fc", k, n, x, y, weight_width, per_channel));
  hw::set_parallelism(graph, "adders");
  return graph;
}

compress::Linear& linear(hw::Graph& graph) { return *graph.nodes[0].as<compress::Linear>(); }

std::vector<hw::Graph> graphs() {
  engine::Rng rng(21);
  const hw::FixedPoint x = fixed(8, 3), y = fixed(8, 3, Rounding::floor),
                       positive{.width = 5, .frac_bits = 2, .is_signed = false, .rounding = Rounding::nearest_even};
  std::vector<hw::Graph> all;
  for (const int width : {2, 3, 4, 8}) all.push_back(layer(rng, 5, 7, x, y, width));
  all.push_back(layer(rng, 9, 4, positive, fixed(12, 4, Rounding::half_away), 6));
  all.push_back(layer(rng, 4, 6, fixed(6, 2), positive, 5, true));
  all.push_back(layer(rng, 1, 1, x, fixed(16, 8), 8));
  all.push_back(layer(rng, 3, 5, x, fixed(16, 5), 8));  // rows of nothing, of powers of two, of extremes
  compress::Linear& special = linear(all.back());
  special.weights = {0, 0, 0, 0, 0, 0, 64, -128, 1, -128, -128, -128, 127, -1, 0};
  special.bias = {0, 77, 0, 0, -5};
  all.push_back(layer(rng, 2, 2, x, y, 4));  // of a chain, behind and before an adapter
  test::push(all.back(), test::activation_node("act", "relu", 2, y, y));
  test::push(all.back(), test::linear_node(rng, "fc2", 2, 6, y, y, 3, false));
  hw::set_parallelism(all.back(), "adders,fc2=1x3");
  return all;
}

hw::Verification simulated(const hw::Graph& graph, const hw::VerifyOptions& options) {
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", graph, {});
  return hw::verify(hw::open_emitted(folder / "rtl"), options);
}

}  // namespace

TEST_CASE("layers of adders give the codes of their runner, whatever waits and whenever they are reset") {
  if (!has("verilator_bin")) return;
  for (const hw::Graph& graph : graphs()) {
    CAPTURE(hw::to_json(graph).dump());
    for (const testbench::Stalls stalls : {testbench::Stalls::random, testbench::Stalls::bursts}) {
      const hw::Verification v = simulated(graph, {.n_vectors = 3000, .stalls = stalls, .n_resets = 4});
      CHECK(v.ok());
      CHECK(v.n_vectors == 3000);
      CHECK(v.interval == doctest::Approx(static_cast<double>(hw::interval(graph))).epsilon(0.05));
    }
  }
}

TEST_CASE("Icarus and CXXRTL find the same bits") {
  const std::vector<hw::Graph> all = graphs();
  for (const auto& [simulator, program] :
       {std::pair(Simulator::icarus, "iverilog"), std::pair(Simulator::cxxrtl, "yosys")}) {
    if (!has(program)) continue;
    for (const std::size_t i : {std::size_t{3}, std::size_t{5}, std::size_t{7}})
      CHECK(simulated(all[i], {.simulator = simulator, .n_vectors = 300}).ok());
  }
}

TEST_CASE("simulation finds an adder that is not the graph's") {
  if (!has("verilator_bin")) return;
  const hw::Graph graph = graphs()[3];
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", graph, {});
  hw::EmittedRtl rtl = hw::open_rtl(folder / "rtl");
  linear(rtl.graph).weights[3] ^= 1;
  CHECK_FALSE(hw::verify(rtl, {.n_vectors = 2000}).ok());
}

TEST_CASE("a layer of adders takes a vector a cycle and no multiplier, and says so in its folder") {
  const hw::Graph graph = graphs()[0];
  CHECK(hw::interval(graph) == 1);
  CHECK(hw::multipliers(graph) == 0);
  CHECK(hw::cost(graph, hw::Target::ecp5).dsp == 0);
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", graph, {});
  hw::EmittedRtl rtl = hw::open_emitted(folder / "rtl");
  CHECK(linear(rtl.graph).products == compress::Products::adders);
  CHECK(rtl.manifest.images.empty());
  CHECK(contains(error_text([&] {
                   hw::Graph half = graph;
                   half.nodes[0].parallelism = {5, 1};
                   hw::write_top(half);
                 }),
                 "fc: adders of constants take all 5 inputs and give all 7 outputs at once, not 5 and 1"));
}

TEST_CASE("adders are taken where they are asked for, and given up where numbers are") {
  engine::Rng rng(4);
  hw::Graph graph = test::mlp(rng, "relu", 4, 8, 6);
  hw::set_parallelism(graph, "2,fc2=adders");
  CHECK(hw::multipliers(graph) == 4);
  CHECK(hw::interval(graph) == 8);
  hw::set_parallelism(graph, "adders,fc1=2x4");
  CHECK(hw::multipliers(graph) == 8);
  hw::set_parallelism(graph, "2");
  CHECK(hw::multipliers(graph) == 8);
  const std::string act = graph.nodes[1].name;
  CHECK(contains(error_text([&] { hw::set_parallelism(graph, "2," + act + "=adders"); }),
                 "only Linear layers can be adders"));
}

TEST_CASE("where a vector takes a cycle anyway the smaller of adders and multipliers is chosen, with the reason") {
  engine::Rng rng(6);
  hw::Graph graph = test::mlp(rng, "relu", 4, 8, 6);
  hw::choose_for_cycles(graph, 1);
  CHECK(hw::multipliers(graph) == 4 * 8 + 8 * 6);
  hw::choose_products(graph);
  CHECK(hw::multipliers(graph) == 0);
  CHECK(contains(hw::reasons(graph)[0], "adders, no multiplier"));
  hw::choose_for_cycles(graph, 8);
  hw::choose_products(graph);
  CHECK(hw::multipliers(graph) == 4 + 6);
  CHECK(
      contains(hw::reasons(graph)[0], "4 multipliers: a vector takes 8 cycles, with adders one; fc1=adders has them"));
}

TEST_CASE("the estimate of adders is near what synthesis finds") {
  if (!has("yosys")) return;
  engine::Rng rng(8);
  for (const int width : {2, 8}) {
    const hw::Graph graph = layer(rng, 6, 4, fixed(8, 3), fixed(8, 3, Rounding::floor), width);
    const test::TemporaryFolder folder;
    hw::write_rtl(folder / "rtl", graph, {});
    for (const hw::Target target : hw::kTargets) {
      CAPTURE(hw::name(target));
      const hw::Synthesis found = hw::synthesize(hw::open_rtl(folder / "rtl"), target, {});
      const hw::Cost estimate = hw::cost(graph, target);
      CHECK(found.dsp == 0);
      CHECK(estimate.lut == doctest::Approx(static_cast<double>(found.lut)).epsilon(0.25));
      CHECK(estimate.ff == doctest::Approx(static_cast<double>(found.ff)).epsilon(0.25));
    }
  }
}
