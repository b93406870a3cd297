// Folders of emitted cores.
#include <doctest/doctest.h>

#include <algorithm>

#include "engine/base/error.h"
#include "hw/core/fit.h"
#include "hw/emit/folder.h"
#include "hw/simulation/verify_core.h"
#include "tests/core/core.h"

namespace ingot::test {
namespace {

const hw::CoreSize kSize{.pi = 4, .po = 4, .lanes = 1, .longest = 9};

TEST_CASE("An emitted core opens again, and is refused once its Verilog or its graph was changed") {
  const engine::TemporaryFolder scratch;
  const auto folder = scratch.path() / "rtl";
  const compress::Graph graph = RandomEncoder({}, 3).graph();
  hw::write_core_rtl(folder, graph, kSize, {});
  const hw::EmittedRtl rtl = hw::open_emitted(folder);
  REQUIRE(rtl.manifest.core.has_value());
  CHECK(rtl.manifest.core->longest == 9);
  const std::string top = engine::read_file(folder / "top.sv");
  engine::write_file(folder / "top.sv", top + "// more\n");
  CHECK_THROWS_AS(hw::open_emitted(folder), engine::Error);
}

TEST_CASE("The clock that a core is meant for is in its manifest, on its board and in its README") {
  const engine::TemporaryFolder scratch;
  const auto folder = scratch.path() / "rtl";
  hw::write_core_rtl(folder, RandomEncoder({}, 3).graph(), kSize, {}, "top", 75);
  CHECK(hw::open_emitted(folder).manifest.clock_mhz == 75);
  const auto holds = [&](const char* file, const char* text) {
    return engine::read_file(folder / file).find(text) != std::string::npos;
  };
  CHECK(holds("ulx3s.lpf", "FREQUENCY NET \"clk\" 75 MHZ;"));
  CHECK(holds("ulx3s_top.sv", "parameter int CYCLES = 75,"));
  CHECK(holds("ulx3s_top.sv", "parameter int TOKENS = 9,"));
  CHECK(holds("ulx3s_top.sv", "parameter int IDLE = 3750000,"));  // 50 ms
  CHECK(holds("README.md", "| Clock | 75 MHz"));
  // A PLL makes 10.71 MHz, of which 1,000,000 baud would be 10.71 cycles a bit.
  hw::write_core_rtl(folder, RandomEncoder({}, 3).graph(), kSize, {}, "top", 12);
  CHECK(holds("ulx3s_top.sv", "parameter int CYCLES = 93,"));
  CHECK(holds("README.md", "a serial line of 115200 baud"));
  std::string manifest = engine::read_file(folder / "manifest.json");
  manifest.replace(manifest.find("\"clock_mhz\": 12"), 15, "\"clock_mhz\": 401");
  engine::write_file(folder / "manifest.json", manifest);
  CHECK_THROWS_WITH(hw::open_emitted(folder),
                    doctest::Contains("clock_mhz must be an integer between 10 and 400, got 401"));
}

TEST_CASE("Simulators find every bit of a core as computed, with random stalls and resets") {
  const engine::TemporaryFolder scratch;
  const compress::Graph graph = RandomEncoder({}, 3).graph();
  hw::write_core_rtl(scratch.path() / "rtl", graph, kSize, {});
  const hw::EmittedRtl rtl = hw::open_emitted(scratch.path() / "rtl");
  for (const hw::Simulator simulator : {hw::Simulator::verilator, hw::Simulator::cxxrtl, hw::Simulator::icarus}) {
    const hw::CoreVerification v = hw::verify_core(rtl, {.simulator = simulator, .n_vectors = 5});
    CHECK(v.ok());
    CHECK(v.n_vectors == 5);
    CHECK(v.n_beats == 5 * 4);
    CHECK((v.n_edge_codes > 0) == (simulator != hw::Simulator::icarus));
  }
}

TEST_CASE("Simulators find every bit of layers alone, from rows to rows, in the cycles that are promised") {
  const compress::Graph graph =
      RandomEncoder({.hidden = 16, .heads = 2, .inner = 24, .layers = 2, .longest = 12, .takes_rows = true}, 3).graph();
  const auto verified = [](const compress::Graph& graph, const hw::CoreSize& size, hw::Simulator simulator) {
    const engine::TemporaryFolder scratch;
    hw::write_core_rtl(scratch.path() / "rtl", graph, size, {});
    return hw::verify_core(hw::open_emitted(scratch.path() / "rtl"), {.simulator = simulator, .n_vectors = 6});
  };
  const hw::CoreVerification v =
      verified(graph, {.pi = 8, .po = 4, .lanes = 2, .longest = 12}, hw::Simulator::verilator);  // beats of 64 bits
  CHECK(v.ok());
  CHECK(v.n_vectors == 6);
  CHECK(v.n_edge_codes > 0);
  CHECK(v.measured.size() > 1);
  for (const hw::MeasuredLength& m : v.measured) {
    INFO(m.tokens, " rows: ", m.cycles, " cycles, promised ", m.promised);
    CHECK(std::abs(m.cycles - m.promised) * 100 <= m.cycles);
  }
  // A row comes in beats of 16 bits and leaves in beats of 32; 8 rows need a bit more than 7.
  CHECK(verified(graph, {.pi = 2, .po = 4, .lanes = 1, .longest = 8}, hw::Simulator::icarus).ok());
  // A row is one beat.
  const compress::Graph narrow =
      RandomEncoder({.heads = 1, .inner = 8, .layers = 1, .longest = 3, .takes_rows = true}, 3).graph();
  CHECK(verified(narrow, {.pi = 8, .po = 4, .lanes = 1, .longest = 3}, hw::Simulator::icarus).ok());
}

TEST_CASE("A core with its weights in memories outside computes every bit, and takes nothing of a chip for them") {
  const EncoderShape shapes[] = {
      {.hidden = 16, .heads = 2, .inner = 24, .layers = 1, .vocabulary = 257, .weights = 3, .embeddings = 4},
      {.hidden = 16, .heads = 2, .inner = 24, .layers = 1, .takes_rows = true}};
  for (const EncoderShape& shape : shapes) {
    const engine::TemporaryFolder scratch;
    const auto folder = scratch.path() / "rtl";
    const compress::Graph graph = RandomEncoder(shape, 3).graph();
    const hw::CoreSize inside{.pi = 4, .po = 4, .lanes = 1, .longest = 9};
    hw::CoreSize size = inside;
    size.streams_weights = true;
    const std::string name = shape.takes_rows ? "layer" : "top";
    hw::write_core_rtl(folder, graph, size, {}, name);
    const hw::EmittedRtl rtl = hw::open_emitted(folder);
    CHECK(hw::design_of(rtl).top == name + "_with_memory");
    CHECK(hw::design_of_top(rtl).top == name);
    const std::string top = engine::read_file(folder / (name + ".sv")),
                      readme = engine::read_file(folder / "README.md");
    for (const char* memory : {"weights_0", "tokens", "token_shifts"}) {
      INFO(memory);
      const bool is_there = !shape.takes_rows || memory == std::string("weights_0");
      CHECK((readme.find("`" + std::string(memory) + "_address`") != std::string::npos) == is_there);
      CHECK(top.find(std::string(memory) + ".mem\"") == std::string::npos);
    }
    for (const hw::Simulator simulator : {hw::Simulator::verilator, hw::Simulator::icarus}) {
      const hw::CoreVerification v = hw::verify_core(rtl, {.simulator = simulator, .n_vectors = 5});
      CHECK(v.ok());
      CHECK(v.n_vectors == 5);
      CHECK((v.n_edge_codes > 0) == (simulator == hw::Simulator::verilator));
    }
    const hw::Encoder encoder = hw::encoder_of(graph);
    CHECK(hw::core_cost(encoder, hw::plan_core(encoder, size), hw::Target::ecp5_85).bram <
          hw::core_cost(encoder, hw::plan_core(encoder, inside), hw::Target::ecp5_85).bram);
    const std::filesystem::path outermost = folder / (name + "_with_memory.sv");
    engine::write_file(outermost, engine::read_file(outermost) + "// more\n");
    CHECK_THROWS_AS(hw::open_emitted(folder), engine::Error);
  }
}

TEST_CASE("A core that answers each token is simulated with all of its answers") {
  const engine::TemporaryFolder scratch;
  hw::write_core_rtl(scratch.path() / "rtl", RandomEncoder({.summary = ""}, 3).graph(), kSize, {});
  const hw::CoreVerification v =
      hw::verify_core(hw::open_emitted(scratch.path() / "rtl"), {.simulator = hw::Simulator::icarus, .n_vectors = 4});
  CHECK(v.ok());
  CHECK(v.n_beats > 4 * 4);
}

TEST_CASE("A core that gives other answers than its graph is told by text and word") {
  const engine::TemporaryFolder scratch;
  const compress::Graph graph = RandomEncoder({}, 3).graph();
  hw::write_core_rtl(scratch.path() / "rtl", graph, kSize, {});
  hw::EmittedRtl rtl = hw::open_emitted(scratch.path() / "rtl");
  for (compress::Node& node : rtl.graph.nodes) {
    if (node.name == "outputs") node.as<compress::Linear>()->bias[1] += 1;
  }
  const hw::CoreVerification v = hw::verify_core(rtl, {.simulator = hw::Simulator::icarus, .n_vectors = 3});
  CHECK_FALSE(v.ok());
  CHECK(v.n_different == 3);
  REQUIRE(v.wrong_beats.size() == 3);
  for (std::size_t text = 0; text < 3; ++text) {
    CHECK(v.wrong_beats[text].vector == static_cast<std::int64_t>(text));
    CHECK(v.wrong_beats[text].beat == 2);  // behind the status and the first number
  }
}

TEST_CASE("A text of a core takes the cycles that are promised, within 1%") {
  for (const hw::CoreSize& size : {kSize, {.pi = 8, .po = 8, .lanes = 2, .longest = 40}}) {
    const engine::TemporaryFolder scratch;
    const compress::Graph graph =
        RandomEncoder({.hidden = 32, .heads = 2, .inner = 64, .layers = 2, .longest = 40}, 3).graph();
    hw::write_core_rtl(scratch.path() / "rtl", graph, size, {});
    const hw::CoreVerification v = hw::verify_core(hw::open_emitted(scratch.path() / "rtl"), {.n_vectors = 6});
    CHECK(v.ok());
    CHECK(v.measured.size() > 1);
    for (const hw::MeasuredLength& m : v.measured) {
      INFO(m.tokens, " tokens: ", m.cycles, " cycles, promised ", m.promised);
      CHECK(std::abs(m.cycles - m.promised) * 100 <= m.cycles);
    }
  }
}

TEST_CASE("The netlist of a core computes its bits") {
  const engine::TemporaryFolder scratch;
  const compress::Graph graph =
      RandomEncoder({.layers = 1, .longest = 5, .activations = 4, .weights = 2, .embeddings = 4, .residual = 10}, 3)
          .graph();
  hw::write_core_rtl(scratch.path() / "rtl", graph, {.pi = 2, .po = 2, .lanes = 1, .longest = 5}, {});
  const hw::CoreVerification v = hw::verify_core(hw::open_emitted(scratch.path() / "rtl"),
                                                 {.n_vectors = 5, .n_resets = 1, .netlist = hw::Target::ecp5});
  CHECK(v.ok());
  CHECK(v.n_vectors == 5);
}

TEST_CASE("What a core cannot compute is refused with the node, the rule and the numbers") {
  const auto plan = [](const EncoderShape& shape, const hw::CoreSize& size) {
    const compress::Graph graph = RandomEncoder(shape, 3).graph();
    return hw::plan_core(hw::encoder_of(graph), size);
  };
  CHECK_THROWS_WITH(plan({}, {.pi = 3, .po = 4, .longest = 9}),
                    "PI of a core must be a power of two from 1 to 64, got 3");
  CHECK_THROWS_WITH(plan({}, {.pi = 2, .po = 4, .lanes = 4, .longest = 9}),
                    "lanes of a core must be at most PI and PO, got 4 of 2 and 4");
  CHECK_THROWS_WITH(plan({}, {.pi = 4, .po = 4, .longest = 10}),
                    "a core takes texts of 1 to 9 tokens of this model, got 10");
  CHECK_THROWS_WITH(plan({}, {.pi = 16, .po = 4, .longest = 9}),
                    "embeddings: 8 numbers cannot be taken by 16 x 4 multipliers");
}

TEST_CASE("The estimate of a core is near what syntheses of BERT-tiny found") {
  struct Row {
    hw::Target target;
    hw::CoreSize size;
    double lut, ff;
  };
  const compress::Graph graph = RandomEncoder({.hidden = 64, .heads = 2, .inner = 128, .longest = 64}, 3).graph();
  const hw::Encoder encoder = hw::encoder_of(graph);
  for (const Row& row : {Row{hw::Target::ecp5_85, {.pi = 8, .po = 8, .lanes = 1, .longest = 64}, 11319, 9806},
                         Row{hw::Target::ecp5_85, {.pi = 16, .po = 8, .lanes = 1, .longest = 64}, 16099, 14186},
                         Row{hw::Target::artix_100t, {.pi = 2, .po = 2, .lanes = 1, .longest = 64}, 3989, 4689},
                         Row{hw::Target::artix_100t, {.pi = 4, .po = 4, .lanes = 2, .longest = 64}, 5859, 6732},
                         Row{hw::Target::artix_100t, {.pi = 8, .po = 16, .lanes = 1, .longest = 64}, 7162, 8919}}) {
    const hw::Cost cost = hw::core_cost(encoder, hw::plan_core(encoder, row.size), row.target);
    INFO(name(row.target), " ", row.size.pi, " x ", row.size.po);
    CHECK(cost.lut == doctest::Approx(row.lut).epsilon(0.06));
    CHECK(cost.ff == doctest::Approx(row.ff).epsilon(0.06));
  }
}

TEST_CASE("A core is made as large as a chip holds, and refused with the numbers where it holds none") {
  const compress::Graph graph = RandomEncoder({.hidden = 64, .heads = 2, .inner = 128, .longest = 64}, 3).graph();
  const hw::Encoder encoder = hw::encoder_of(graph);
  const hw::CoreSize size = hw::choose_size(encoder, 64, 1, hw::Target::ecp5_85);
  CHECK(size.pi * size.po >= 64);
  CHECK(size.pi * size.po + 5 <= 156);
  const compress::Graph large =
      RandomEncoder({.hidden = 64, .heads = 2, .inner = 128, .longest = 4096, .vocabulary = 9000}, 3).graph();
  const hw::Encoder too_large = hw::encoder_of(large);
  // The smallest chip holds a small model, with its keys and values in RAMs of their own; but no larger one.
  const compress::Graph small = RandomEncoder({.hidden = 32,
                                               .heads = 2,
                                               .inner = 32,
                                               .layers = 1,
                                               .longest = 32,
                                               .vocabulary = 500,
                                               .weights = 2,
                                               .embeddings = 1,
                                               .has_root_table = true},
                                              3)
                                    .graph();
  const hw::Encoder fits = hw::encoder_of(small);
  const hw::CoreSize smallest = hw::choose_size(fits, 32, 1, hw::Target::up5k);
  CHECK(smallest.pi * smallest.po <= 2);
  CHECK(hw::plan_core(fits, smallest).is_serial);
  // 32 rows of 32 keys, and of 32 values, of 8 bits take 4 block RAMs of 4 kbit, or as many of four large RAMs as there
  // are banks: 1 + 1, 2 + 2, but not 2 + 4.
  const auto saved = [&](std::int64_t pi, std::int64_t po) {
    const hw::CorePlan plan = hw::plan_core(fits, {.pi = pi, .po = po, .lanes = 1, .longest = 32});
    return hw::core_cost(fits, plan, hw::Target::ice40).bram - hw::core_cost(fits, plan, hw::Target::up5k).bram;
  };
  CHECK(saved(1, 1) == 4);
  CHECK(saved(2, 2) == 4);
  CHECK(saved(2, 4) == 0);
  CHECK_THROWS_WITH_AS(hw::choose_size(encoder, 64, 1, hw::Target::up5k),
                       doctest::Contains("up5k cannot hold texts of 64 tokens: 1 x 1 products need bram"),
                       engine::Error);
  CHECK_THROWS_WITH_AS(hw::choose_size(too_large, 4096, 1, hw::Target::up5k),
                       doctest::Contains("up5k cannot hold texts of 4096 tokens"), engine::Error);
}

}  // namespace
}  // namespace ingot::test
