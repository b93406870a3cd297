// Every module against the engine's integer functions, with random stalls, gaps and resets.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "engine/base/child.h"
#include "tests/rtl/cases.h"

namespace ingot::test {
namespace {

using engine::Rng;
using hw::Simulation;
using hw::Simulator;
using testbench::Stalls;

bool has(const char* program, const char* package) {
  if (engine::find_program(program)) return true;
  MESSAGE("skipped: " << std::string(program) << " is missing: install the Debian package " << std::string(package));
  return false;
}

// All modules but linear, with parameters at their edges.
void add_modules(Batch& batch, Rng& rng) {
  for (const int rounding : {0, 1, 2, 3}) {
    add_requantize(batch, 12, 8, true, 3, rounding, rng);
    add_requantize(batch, 12, 8, false, 1, rounding, rng);
    add_requantize(batch, 10, 4, true, 9, rounding, rng);
    add_requantize(batch, 6, 9, true, 10, rounding, rng);
    add_requantize(batch, 6, 9, true, 0, rounding, rng);
    add_requantize(batch, 8, 8, false, -2, rounding, rng);
    add_requantize(batch, 24, 2, true, 17, rounding, rng);
  }
  add_relu(batch, 1, 8, rng);
  add_relu(batch, 4, 5, rng);
  add_leaky_relu(batch, 4, 8, 1, 3, engine::Rounding::floor, rng);
  add_leaky_relu(batch, 3, 10, 5, 4, engine::Rounding::half_away, rng);
  add_leaky_relu(batch, 1, 6, 9, 2, engine::Rounding::nearest_even, rng);
  for (const RreluMode mode : {RreluMode::eval, RreluMode::lab, RreluMode::uniform}) {
    add_rrelu(batch, mode, 4, 8, 172, rng);
    add_rrelu(batch, mode, 7, 10, 9, rng);
  }
  add_table(batch, 4, 8, 8, rng);
  add_table(batch, 3, 5, 11, rng);
  add_table(batch, 1, 10, 4, rng);
  add_skid_buffer(batch, 8, rng);
  add_skid_buffer(batch, 1, rng);
  for (const int depth : {1, 2, 5, 16}) add_fifo(batch, 9, depth, rng);
  add_fork_join(batch, 7, 2, rng);
  add_fork_join(batch, 4, 3, rng);
  for (const int s : {1, 2, 3, 4, 6}) {
    for (const int m : {1, 2, 4, 9}) add_adapter(batch, 3, s, m, rng);
  }
}

void check_all(const Batch& batch, Simulator simulator, const testbench::Run& run) {
  const Simulation simulation(batch.design(), simulator);
  CHECK(complaints(batch, simulation.run(batch.beats(), run)) == "");
}

TEST_CASE("Every module answers as the engine's functions do, whatever waits and whenever it is reset") {
  if (!has("verilator_bin", "verilator")) return;
  Rng rng(1);
  Batch batch;
  add_modules(batch, rng);
  add_linear(batch, {}, 500, rng);
  add_linear(batch, {.shares_multipliers = true}, 500, rng);
  const Simulation simulation(batch.design(), Simulator::verilator);
  for (const Stalls stalls : {Stalls::none, Stalls::random, Stalls::bursts})
    CHECK(complaints(batch, simulation.run(batch.beats(), {.stalls = stalls, .seed = 7, .n_resets = 4})) == "");
}

// Shapes of one build: a few dozen share what a build costs anyway.
constexpr int kShapesABuild = 24;

void check_shapes(int n_shapes, std::uint64_t seed) {
  for (int first = 0; first < n_shapes; first += kShapesABuild) {
    Rng rng(seed + static_cast<std::uint64_t>(first));
    Batch batch;
    for (int i = first; i < std::min(n_shapes, first + kShapesABuild); ++i)
      add_linear(batch, random_shape(rng), 60, rng);
    check_all(batch, Simulator::verilator, {.seed = seed, .n_resets = 2});
  }
}

TEST_CASE("Linear layers of any shape and widths are exact; INGOT_RTL_SHAPES sets how many are tried") {
  if (!has("verilator_bin", "verilator")) return;
  const char* const asked = std::getenv("INGOT_RTL_SHAPES");
  const int n_shapes = asked != nullptr ? std::atoi(asked) : kShapesABuild;
  check_shapes(n_shapes, 3);
  MESSAGE(n_shapes << " random shapes of linear");
}

TEST_CASE("A linear layer takes a vector as often as it has products to do, and answers when its header says") {
  if (!has("verilator_bin", "verilator")) return;
  Rng rng(5);
  Batch batch;
  const LinearShape shapes[] = {
      {},  // of lab 4
      {.in = 12, .out = 6, .pi = 3, .po = 2},
      {.in = 8, .out = 8, .pi = 8, .po = 8, .align_width = 2},
      {.in = 15, .out = 4, .pi = 5, .po = 1},
      {.in = 15, .out = 4, .pi = 5, .po = 2, .weight_width = 4, .in_signed = false, .shares_multipliers = true},
      {.in = 34, .out = 2, .pi = 17, .po = 1},
      {.in = 12, .out = 6, .pi = 3, .po = 2, .in_blocks = true, .weight_latency = 2},
      {.in = 12, .out = 6, .pi = 3, .po = 2, .in_blocks = true, .in_latency = 2, .weight_latency = 2},
      {.in = 8,
       .out = 8,
       .pi = 8,
       .po = 8,
       .align_width = 2,
       .in_blocks = true,
       .weight_latency = 2,
       .bias_latency = 2,
       .align_latency = 2}};
  for (const LinearShape& shape : shapes) add_linear(batch, shape, 300, rng);
  const Simulation simulation(batch.design(), Simulator::verilator);
  const hw::SimulationOutcome outcome = simulation.run(batch.beats(), {.stalls = Stalls::none});
  REQUIRE(complaints(batch, outcome) == "");
  for (std::size_t i = 0; i < std::size(shapes); ++i) {
    const LinearShape& s = shapes[i];
    CAPTURE(batch.name(i));
    CHECK(outcome.channels[i].interval == s.in / s.pi * s.out / s.po);
    CHECK(outcome.channels[i].latency_min <= latency(s));
  }
  CHECK(outcome.channels[0].latency_min == 6);
  CHECK(latency(shapes[0]) == 6);
}

// One of each, for simulators that are slow.
void add_some_modules(Batch& batch, Rng& rng) {
  for (const int rounding : {0, 1, 2, 3}) add_requantize(batch, 8, 4, rounding % 2 == 0, 3, rounding, rng);
  add_relu(batch, 4, 5, rng);
  add_leaky_relu(batch, 3, 8, 5, 4, engine::Rounding::half_away, rng);
  for (const RreluMode mode : {RreluMode::eval, RreluMode::lab, RreluMode::uniform})
    add_rrelu(batch, mode, 4, 8, 172, rng);
  add_table(batch, 3, 8, 8, rng);
  add_skid_buffer(batch, 8, rng);
  add_fifo(batch, 9, 5, rng);
  add_fork_join(batch, 7, 2, rng);
  add_adapter(batch, 3, 6, 4, rng);
}

TEST_CASE("Icarus reads the same modules and finds the same bits") {
  if (!has("iverilog", "iverilog")) return;
  Rng rng(11);
  Batch batch;
  add_some_modules(batch, rng);
  for (int i = 0; i < 6; ++i) add_linear(batch, random_shape(rng), 30, rng);
  const Simulation simulation(batch.design(), Simulator::icarus);
  const hw::SimulationOutcome stalled = simulation.run(batch.beats(), {});
  const hw::SimulationOutcome free = simulation.run(batch.beats(), {.stalls = Stalls::none});
  CHECK(complaints(batch, stalled) == "");
  CHECK(complaints(batch, free) == "");
  CHECK(stalled.cycles > 1.2 * static_cast<double>(free.cycles));  // it did wait

  std::vector<testbench::ChannelBeats> wrong = batch.beats();
  wrong[3].expected[5] ^= 1;
  CHECK(simulation.run(wrong, {}).channels[3].differences == 1);
}

TEST_CASE("So does Yosys, simulated as C++") {
  if (!has("yosys", "yosys")) return;
  if (!std::filesystem::exists("/usr/share/yosys/include/backends/cxxrtl/cxxrtl.h")) {
    MESSAGE("skipped: cxxrtl.h is missing: install the Debian package yosys-dev");
    return;
  }
  Rng rng(13);
  Batch batch;
  add_some_modules(batch, rng);
  for (int i = 0; i < 4; ++i) add_linear(batch, random_shape(rng), 60, rng);
  check_all(batch, Simulator::cxxrtl, {.n_resets = 2});
}

}  // namespace
}  // namespace ingot::test
