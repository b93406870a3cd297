#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/core/core.h"

namespace ingot::test {
namespace {

// Texts of all lengths through a core, against the integer graph.
void check_core(const EncoderShape& shape, const hw::CoreSize& size, const std::vector<std::int64_t>& lengths) {
  engine::Rng rng(7);
  const compress::Graph graph = RandomEncoder(shape, 5).graph();
  compress::GraphRunner runner(graph);
  const hw::Encoder encoder = hw::encoder_of(graph);
  const hw::CorePlan plan = hw::plan_core(encoder, size);
  testbench::ChannelBeats beats;
  hw::CoreTraces traces;
  for (const std::int64_t n : lengths) {
    const Text text = random_text(rng, shape, n);
    push_text(beats.input, text);
    const std::vector<Codes> inputs{text.ids, text.types};
    const Codes texts{0, static_cast<std::int32_t>(n)};
    const std::vector<Codes> edges = runner.edges(inputs, texts);
    push_answer(beats.expected, static_cast<std::size_t>(n), edges[graph.outputs.front()]);
    hw::add_traces(encoder, plan, n, edges, traces);
  }
  const CoreFolder folder(graph, size);
  const hw::Simulation simulation(folder.design(), hw::Simulator::verilator);
  const testbench::ChannelBeats all[] = {beats, {{}, traces.outputs}, {{}, traces.sums}, {{}, traces.norms}};
  const hw::SimulationOutcome outcome = simulation.run(all, {.stalls = testbench::Stalls::random, .n_resets = 1});
  CHECK(outcome.ok());
  for (const testbench::ChannelOutcome& channel : outcome.channels) {
    INFO("channel ", &channel - outcome.channels.data());
    CHECK(channel.differences == 0);
    CHECK(channel.extra_beats == 0);
    if (!channel.first_differences.empty()) {
      const testbench::Difference& d = channel.first_differences.front();
      std::string got, expected;
      for (const auto b : d.got) got += fmt::format(" {:02x}", b);
      for (const auto b : d.expected) expected += fmt::format(" {:02x}", b);
      MESSAGE("beat ", d.beat, " got ", got, " expected ", expected);
    }
  }
  CHECK(outcome.channels.front().beats == static_cast<std::int64_t>(beats.expected.size() / 5));
}

TEST_CASE("A core computes the bits of the integer graph for texts of all lengths") {
  const std::vector<std::int64_t> all{1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 1, 8, 2};
  check_core({}, {.pi = 4, .po = 4, .lanes = 1, .longest = 9}, all);
  check_core({}, {.pi = 4, .po = 2, .lanes = 2, .longest = 9}, all);
  check_core({}, {.pi = 2, .po = 4, .lanes = 1, .longest = 9}, all);
  check_core({.summary = "first"}, {.pi = 4, .po = 4, .lanes = 4, .longest = 9}, all);
  check_core({.summary = ""}, {.pi = 1, .po = 2, .lanes = 1, .longest = 9}, all);
}

}  // namespace
}  // namespace ingot::test
