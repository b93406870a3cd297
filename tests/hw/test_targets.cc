// The table of chips.
#include <doctest/doctest.h>

#include <set>

#include "hw/modules/cost.h"
#include "hw/passes/cost.h"
#include "hw/passes/parallelism.h"
#include "hw/synthesis/sweep.h"
#include "hw/targets.h"
#include "tests/support/error_text.h"

using namespace ingot;
using hw::Family;
using hw::Target;
using test::contains;
using test::error_text;

TEST_CASE("every target is found by its name, and its row by the target") {
  std::set<std::string_view> names;
  for (const hw::TargetInfo& row : hw::targets()) {
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(hw::parse_target(row.name) == row.target);
    CHECK(&hw::info(row.target) == &row);
    CHECK((row.placer == hw::Placer::none) == row.placer_arguments.empty());
    if (row.budget.lut > 0) CHECK_FALSE(row.device.empty());
  }
  CHECK(hw::target_names(" ") == "ice40 ecp5 xilinx artix-100t ecp5-85 up5k generic");
}

TEST_CASE("a target costs what its family costs, but for the multipliers that it has") {
  CHECK(hw::family(Target::artix_100t) == Family::xilinx);
  CHECK(hw::block_rams(1024, 36, Target::ecp5_85) == hw::block_rams(1024, 36, Target::ecp5));
  CHECK(hw::block_rams(256, 32, Target::up5k) == 2);
  CHECK(hw::has_multipliers(Target::up5k));
  CHECK_FALSE(hw::has_multipliers(Target::ice40));
  CHECK(hw::has_multipliers(Target::xilinx));
}

TEST_CASE("what does not fit on a device is named with its numbers; a family has no bounds") {
  const hw::Cost cost{.lut = 5280, .ff = 100, .dsp = 9, .bram = 31};
  CHECK(hw::excess(cost, Target::up5k) == "dsp 9 of 8, bram 31 of 30");
  CHECK(hw::excess(cost, Target::ecp5_85).empty());
  CHECK(hw::excess({.lut = 1e9}, Target::xilinx).empty());
}

TEST_CASE(
    "a device gets the fastest parallelism that it holds, and a layer that it cannot hold is refused with numbers") {
  hw::Graph graph = hw::random_layer({.n = 64, .k = 64, .input_width = 8, .weight_width = 8, .output_width = 8}, 1);
  hw::choose_for_target(graph, Target::ecp5_85);
  const std::int64_t cycles = hw::interval(graph);
  CHECK(hw::excess(hw::cost(graph, Target::ecp5_85), Target::ecp5_85).empty());
  CHECK(hw::multipliers(graph) <= 156);
  REQUIRE(hw::multipliers(graph) > 64);
  hw::Graph faster = graph;
  hw::choose_for_cycles(faster, cycles / 2);
  CHECK_FALSE(hw::excess(hw::cost(faster, Target::ecp5_85), Target::ecp5_85).empty());

  hw::choose_for_target(graph, Target::up5k);
  CHECK(hw::interval(graph) > cycles);
  CHECK(hw::multipliers(graph) <= 8);
  hw::Graph large = hw::random_layer({.n = 256, .k = 256, .input_width = 8, .weight_width = 8, .output_width = 8}, 1);
  CHECK(contains(
      error_text([&] { hw::choose_for_target(large, Target::up5k); }),
      "target: layer does not fit on UP5K in SG48, not even with a vector every 65536 cycles: it would take bram "));
  CHECK(contains(error_text([&] { hw::choose_for_target(large, Target::xilinx); }),
                 "target: xilinx has no bounds to fit into; ice40, artix-100t, ecp5-85, up5k have"));
}
