// Emitted hardware at work: whatever the graph is made of, simulation gives its codes.
#include <doctest/doctest.h>

#include "compress/integer/ops/table.h"
#include "engine/base/child.h"
#include "hw/emit/folder.h"
#include "hw/passes/parallelism.h"
#include "hw/simulation/verify.h"
#include "tests/compress/graphs.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using engine::Rounding;
using test::fixed;

namespace {

bool has_verilator() {
  if (engine::find_program("verilator_bin")) return true;
  MESSAGE("skipped: verilator_bin is missing: install the Debian package verilator");
  return false;
}

hw::Verification simulated(const hw::Graph& graph, std::int64_t n = 2000) {
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", graph, {});
  return hw::verify(hw::open_rtl(folder / "rtl"), {.n_vectors = n});
}

// Unequal lanes, odd sizes, shifts by channel, a table of 10 bits, a memory in block RAM.
hw::Graph deep(engine::Rng& rng) {
  const hw::FixedPoint x = fixed(7, 3), sums = fixed(10, 2, Rounding::half_away), hidden = fixed(6, 4),
                       y = fixed(12, 1, Rounding::floor);
  hw::Graph graph{.name = "deep"};
  test::push(graph, test::linear_node(rng, "fc1", 15, 24, x, sums, 5, true));
  test::push(graph, test::activation_node("act", "tanh", 24, sums, hidden));
  test::push(graph, test::linear_node(rng, "fc2", 24, 14, hidden, y, 8, true));
  hw::set_parallelism(graph, "3x4,fc2=6x7");
  return graph;
}

// Codes without a sign, into and out of a Linear; one element at a time.
hw::Graph unsigned_codes(engine::Rng& rng) {
  const hw::FixedPoint x{.width = 5, .frac_bits = 2, .is_signed = false, .rounding = Rounding::nearest_even},
      y{.width = 7, .frac_bits = 0, .is_signed = false, .rounding = Rounding::nearest_even};
  hw::Graph graph{.name = "unsigned"};
  test::push(graph, test::linear_node(rng, "fc1", 6, 5, x, y, 4));
  hw::set_parallelism(graph, "1");
  return graph;
}

// Slopes of every kind, an activation first.
hw::Graph slopes(engine::Rng& rng) {
  const hw::FixedPoint x = fixed(8, 4), y = fixed(8, 2);
  hw::Graph graph{.name = "slopes"};
  test::push(graph, test::activation_node("first", "leaky_relu", 12, x, x));
  test::push(graph, test::activation_node("lab", "rrelu_lab", 12, x, x));
  test::push(graph, test::linear_node(rng, "fc1", 12, 10, x, y));
  test::push(graph, test::activation_node("uniform", "rrelu_uniform", 10, y, y));
  test::push(graph, test::activation_node("eval", "rrelu", 10, y, y));
  test::push(graph, test::activation_node("last", "relu", 10, y, y));
  hw::set_parallelism(graph, "6x5");
  return graph;
}

}  // namespace

TEST_CASE("emitted graphs give the codes of their runner under random stalls, at the promised pace") {
  if (!has_verilator()) return;
  engine::Rng rng(13);
  for (const auto make : {deep, unsigned_codes, slopes}) {
    const hw::Graph graph = make(rng);
    CAPTURE(graph.name);
    const hw::Verification v = simulated(graph);
    CHECK(v.ok());
    CHECK(v.n_vectors == 2000);
    CHECK(v.n_beats == 2000 * graph.n_out() / graph.nodes.back().parallelism.out);
    CHECK(v.interval == doctest::Approx(static_cast<double>(hw::interval(graph))).epsilon(0.05));
  }
}

TEST_CASE("seeds beyond 2^31 are the generator's, as any other") {
  if (!has_verilator()) return;
  for (const std::uint32_t seed : {2147483648u, 4294967295u}) {
    hw::Graph graph{.name = "uniform"};
    test::push(graph, test::activation_node("act", "rrelu_uniform", 8, fixed(8, 4), fixed(8, 4)));
    graph.nodes[0].as<compress::RandomSlope>()->seed = seed;
    hw::set_parallelism(graph, "4");
    CHECK(simulated(graph, 500).ok());
  }
}

TEST_CASE("simulation finds an emitted bit that is not the graph's") {
  if (!has_verilator()) return;
  engine::Rng rng(14);
  hw::Graph graph = unsigned_codes(rng);
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", graph, {});
  hw::EmittedRtl rtl = hw::open_rtl(folder / "rtl");
  rtl.graph.nodes[0].as<compress::Linear>()->bias[3] += 64;
  CHECK_FALSE(hw::verify(rtl, {.n_vectors = 2000}).ok());
}

TEST_CASE("simulation finds a wrong entry of a table, whichever code it is for") {
  if (!has_verilator()) return;
  hw::Graph graph = test::only(test::activation_node("act", "tanh", 4, test::fixed(8, 3), test::fixed(8, 6)));
  graph.nodes[0].parallelism = {4, 4};
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", graph, {});
  CHECK(hw::verify(hw::open_rtl(folder / "rtl"), {.n_vectors = 2000}).ok());
  for (const std::size_t entry : {5, 100, 200}) {  // neither is for the lowest or the highest code
    CAPTURE(entry);
    hw::EmittedRtl rtl = hw::open_rtl(folder / "rtl");
    rtl.graph.nodes[0].as<compress::Table>()->codes[entry] ^= 1;
    const hw::Verification verification = hw::verify(rtl, {.n_vectors = 2000});
    CHECK_FALSE(verification.ok());
    CHECK_FALSE(verification.wrong_beats.empty());
    for (const auto& beat : verification.wrong_beats) {
      std::int64_t different = 0;
      for (std::size_t lane = 0; lane < 4; ++lane) {
        CHECK((beat.got[lane] == beat.expected[lane] || beat.got[lane] == (beat.expected[lane] ^ 1)));
        different |= beat.got[lane] ^ beat.expected[lane];
      }
      CHECK(different == 1);
    }
  }
}
