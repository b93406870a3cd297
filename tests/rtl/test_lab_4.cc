// The design of lab 4: a linear layer 4 -> 8 with 16 multipliers, and an activation, as published.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "engine/base/child.h"
#include "tests/rtl/cases.h"
#include "tests/support/error_text.h"

namespace ingot::test {
namespace {

using hw::Simulation;
using hw::Simulator;

// Two beats of 4 lanes of 8 bits through an activation, beginning at reset.
std::string beats_through(const std::string& module, const std::string& ports, const Codes& expected) {
  Batch batch;
  batch.add(module, fmt::format("    {} i_activation ({}{});\n", module, ports, kStreams), {8, 4, 1},
            {-8, -3, -2, -2, 0, 1, 6, 0}, {8, 4, 1}, expected);
  const Simulation simulation(batch.design(), Simulator::verilator);
  return complaints(batch, simulation.run(batch.beats(), {}));
}

bool has_verilator() {
  if (engine::find_program("verilator_bin")) return true;
  MESSAGE("skipped: verilator_bin is missing: install the Debian package verilator");
  return false;
}

TEST_CASE("The published beats come out of ReLU and of RReLU with the lab's slopes") {
  if (!has_verilator()) return;
  CHECK(beats_through("relu #(.LANES(4), .WIDTH(8))", "", {0, 0, 0, 0, 0, 1, 6, 0}) == "");
  CHECK(beats_through("rrelu #(.LANES(4), .WIDTH(8), .MODE(1), .SEED('hAC))", kClock, {-3, -1, -1, -1, 0, 1, 6, 0}) ==
        "");
}

TEST_CASE("With other values than the published ones the comparison fails") {
  if (!has_verilator()) return;
  CHECK(contains(beats_through("relu #(.LANES(4), .WIDTH(8))", "", {0, 0, 0, 0, 0, 1, 5, 0}), "beat 1: got 0 1 6 0"));
}

}  // namespace
}  // namespace ingot::test
