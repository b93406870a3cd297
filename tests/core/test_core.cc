#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/core/core.h"

namespace ingot::test {
namespace {

// Texts of those lengths through a core, against the integer graph.
void check_graph(const compress::Graph& graph, const EncoderShape& shape, const hw::CoreSize& size,
                 const std::vector<std::int64_t>& lengths) {
  engine::Rng rng(7);
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

void check_core(const EncoderShape& shape, const hw::CoreSize& size, const std::vector<std::int64_t>& lengths) {
  check_graph(RandomEncoder(shape, 5).graph(), shape, size, lengths);
}

TEST_CASE("A core computes the bits of the integer graph for texts of all lengths") {
  const std::vector<std::int64_t> all{1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 1, 8, 2};
  check_core({}, {.pi = 4, .po = 4, .lanes = 1, .longest = 9}, all);
  check_core({}, {.pi = 4, .po = 2, .lanes = 2, .longest = 9}, all);
  check_core({}, {.pi = 2, .po = 4, .lanes = 1, .longest = 9}, all);
  check_core({.summary = "first"}, {.pi = 4, .po = 4, .lanes = 4, .longest = 9}, all);
  check_core({.summary = ""}, {.pi = 1, .po = 2, .lanes = 1, .longest = 9}, all);
}

TEST_CASE("A core computes other roundings, widths, tables of roots and binary weights") {
  const std::vector<std::int64_t> lengths{5, 1, 9, 2};
  const hw::CoreSize size{.pi = 4, .po = 4, .lanes = 2, .longest = 9};
  check_core({.weights = 3, .rounding = engine::Rounding::half_away, .has_root_table = true}, size, lengths);
  check_core({.activations = 6, .weights = 1, .embeddings = 1, .rounding = engine::Rounding::floor}, size, lengths);
  check_core({.hidden = 16,
              .heads = 4,
              .inner = 20,
              .layers = 1,
              .residual = 12,
              .has_line_table = true,
              .activation = "relu"},
             size, lengths);
  // 1 / sqrt(8) is no power of two: scores are multiplied.
  check_core({.hidden = 16, .heads = 2, .inner = 16, .layers = 1}, {.pi = 8, .po = 2, .lanes = 1, .longest = 6},
             {6, 3});
}

TEST_CASE("A core whose results are as far apart as a quotient takes cycles computes the same bits") {
  const EncoderShape shape{.hidden = 32, .inner = 192, .layers = 1, .has_root_table = true};
  const compress::Graph graph = RandomEncoder(shape, 5).graph();
  for (const std::int64_t po : {1, 2}) {
    const hw::CoreSize size{.pi = 1, .po = po, .lanes = 1, .longest = 9};
    REQUIRE(hw::plan_core(hw::encoder_of(graph), size).is_serial);
    check_graph(graph, shape, size, {5, 1, 9, 2});
  }
}

TEST_CASE("A core with serial quotients computes them in Icarus, too, whose registers begin without a number") {
  const EncoderShape shape{
      .hidden = 16, .heads = 1, .inner = 80, .layers = 1, .longest = 2, .activations = 7, .has_root_table = true};
  const compress::Graph graph = RandomEncoder(shape, 5).graph();
  const hw::CoreSize size{.pi = 1, .po = 1, .lanes = 1, .longest = 2};
  REQUIRE(hw::plan_core(hw::encoder_of(graph), size).is_serial);
  REQUIRE(hw::plan_core(hw::encoder_of(graph), size).quotient_width == 8);  // a power of two: its counter needs 4 bits
  testbench::ChannelBeats beats;
  push_text(beats.input, {{3}, {1}});
  push_answer(beats.expected, 1, compress::GraphRunner(graph).run(std::vector<Codes>{{3}, {1}}, Codes{0, 1}).front());
  const CoreFolder folder(graph, size);
  hw::Design design = folder.design();
  design.probes.clear();
  const testbench::ChannelBeats all[] = {beats};
  CHECK(hw::Simulation(design, hw::Simulator::icarus).run(all, {}).ok());
}

TEST_CASE("Scores far below the highest have the last exponential of the table") {
  const EncoderShape shape;
  compress::Graph graph = RandomEncoder(shape, 5).graph();
  for (compress::Node& node : graph.nodes) {
    auto* const attention = node.as<compress::Attention>();
    if (attention == nullptr) continue;
    attention->shift -= 4;                 // scores 16 times as large
    attention->exponentials[255] = 60000;  // far from the one before, as no real table is
  }
  check_graph(graph, shape, {.pi = 4, .po = 4, .lanes = 1, .longest = 9}, {9, 7, 8});
}

// The beats of a packet as it is given.
void push_packet(std::vector<testbench::Byte>& bytes, const std::vector<std::uint32_t>& tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) push_beat(bytes, tokens[i], i + 1 == tokens.size());
}

TEST_CASE(
    "A text that is too long, or has an unknown token or type, is drained and answered with its error; a packet "
    "without its end goes on in the next one") {
  const EncoderShape shape;  // 20 pieces, 2 types
  const compress::Graph graph = RandomEncoder(shape, 5).graph();
  const CoreFolder folder(graph, {.pi = 4, .po = 4, .lanes = 1, .longest = 5});
  compress::GraphRunner runner(graph);
  testbench::ChannelBeats beats;
  const auto good = [&](const Text& text) {
    push_text(beats.input, text);
    const std::vector<Codes> inputs{text.ids, text.types};
    push_answer(beats.expected, text.ids.size(),
                runner.run(inputs, Codes{0, static_cast<std::int32_t>(text.ids.size())}).front());
  };
  const auto bad = [&](const std::vector<std::uint32_t>& tokens, std::uint32_t error, std::size_t kept) {
    push_packet(beats.input, tokens);
    push_beat(beats.expected, status(error, kept), true);
  };
  good({{1, 2, 3}, {0, 0, 1}});
  bad({1, 2, 3, 4, 5, 6, 7}, 1, 5);
  bad({1, 20, 3}, 2, 3);
  bad({1, 2u << 24 | 3}, 3, 2);
  bad({25, 3, 4, 5, 6, 7}, 2, 5);
  good({{19, 0, 7, 7, 1}, {1, 1, 0, 0, 1}});
  // Packets whose last token is not marked: four tokens together, then seven, which are too many.
  const auto without_end = [&](const std::vector<std::uint32_t>& tokens) {
    for (const std::uint32_t token : tokens) push_beat(beats.input, token, false);
  };
  without_end({1, 2});
  push_packet(beats.input, {3, 4});
  push_answer(beats.expected, 4, runner.run(std::vector<Codes>{{1, 2, 3, 4}, {0, 0, 0, 0}}, Codes{0, 4}).front());
  without_end({5, 6, 7});
  without_end({8, 9, 10});
  bad({11}, 1, 5);
  good({{12}, {0}});
  hw::Design design = folder.design();
  design.probes.clear();
  const hw::Simulation simulation(design, hw::Simulator::verilator);
  const testbench::ChannelBeats all[] = {beats};
  for (const std::uint64_t seed : {1, 2, 3}) {
    const hw::SimulationOutcome outcome = simulation.run(all, {.seed = seed, .n_resets = 3});
    CHECK_FALSE(outcome.stuck);
    CHECK(outcome.channels.front().differences == 0);
    CHECK(outcome.channels.front().beats == static_cast<std::int64_t>(beats.expected.size() / 5));
  }
}

TEST_CASE("One wrong bit in any ROM of a core is reported in its answers") {
  const EncoderShape shape{.layers = 1, .weights = 1, .has_root_table = true};
  const compress::Graph graph = RandomEncoder(shape, 5).graph();
  const hw::CoreSize size{.pi = 4, .po = 4, .lanes = 2, .longest = 4};
  const CoreFolder folder(graph, size);
  // A simulation reads the images of this folder each time, and would refuse another image before the core can.
  std::string top = engine::read_file(folder.design().folder / "top.sv");
  const auto replace = [&](const std::string& text, const std::string& by) {
    for (std::size_t at = 0; (at = top.find(text, at)) != std::string::npos; at += by.size())
      top.replace(at, text.size(), by);
  };
  replace("IMAGE_FOLDER = \"\"", "IMAGE_FOLDER = \"" + folder.design().folder.string() + "\"");
  replace(".HASH(", ".HASH(32'd0 & ");
  engine::write_file(folder.design().folder / "top.sv", top);
  hw::Design design = folder.design();
  design.probes.clear();
  const hw::Simulation simulation(design, hw::Simulator::verilator);
  testbench::ChannelBeats good, bad;
  push_text(good.input, {{1, 2, 3}, {0, 1, 0}});
  bad.input = good.input;
  push_answer(good.expected, 3,
              compress::GraphRunner(graph).run(std::vector<Codes>{{1, 2, 3}, {0, 1, 0}}, Codes{0, 3}).front());
  push_beat(bad.expected, status(4, 3), true);
  const auto run = [&](const testbench::ChannelBeats& beats) {
    const testbench::ChannelBeats all[] = {beats};
    return simulation.run(all, {.stalls = testbench::Stalls::none});
  };
  CHECK(run(good).ok());
  engine::Rng rng(3);
  for (const std::string& image : design.images) {
    INFO(image);
    const std::string text = engine::read_file(design.folder / image);
    // The lowest bit of a word.
    std::string wrong = text;
    const std::size_t digits = text.find('\n'), word = rng.below(text.size() / (digits + 1)),
                      at = word * (digits + 1) + digits - 1;
    wrong[at] = "1032547698badcfe"[text[at] <= '9' ? text[at] - '0' : text[at] - 'a' + 10];
    engine::write_file(design.folder / image, wrong);
    const hw::SimulationOutcome outcome = run(bad);
    CHECK(outcome.ok());
    CHECK(outcome.channels.front().beats == 1);
    engine::write_file(design.folder / image, text);
  }
}

TEST_CASE("A core that is told not to check its ROMs begins at once and answers as the others do") {
  const compress::Graph graph = RandomEncoder({.layers = 1, .has_root_table = true}, 5).graph();
  testbench::ChannelBeats beats;
  push_text(beats.input, {{1, 2, 3}, {0, 1, 0}});
  push_answer(beats.expected, 3,
              compress::GraphRunner(graph).run(std::vector<Codes>{{1, 2, 3}, {0, 1, 0}}, Codes{0, 3}).front());
  const testbench::ChannelBeats all[] = {beats};
  for (const bool streams_weights : {false, true}) {
    const CoreFolder folder(graph, {.pi = 4, .po = 4, .lanes = 1, .longest = 5, .streams_weights = streams_weights});
    hw::Design design = folder.design();
    design.probes.clear();
    // The outermost module is told, and tells the others: also where the images are, as they are not beside it.
    design.images.clear();
    const std::filesystem::path file = design.folder / (design.top + ".sv");
    std::string top = engine::read_file(file);
    const auto replace = [&](const std::string& text, const std::string& by) {
      REQUIRE(top.find(text) != std::string::npos);
      top.replace(top.find(text), text.size(), by);
    };
    replace("IMAGE_FOLDER = \"\"", "IMAGE_FOLDER = \"" + design.folder.string() + "\"");
    std::int64_t cycles[2];
    for (const bool is_checked : {true, false}) {
      if (!is_checked) replace("CHECK_ROMS = 1", "CHECK_ROMS = 0");
      engine::write_file(file, top);
      const hw::SimulationOutcome outcome =
          hw::Simulation(design, hw::Simulator::icarus).run(all, {.stalls = testbench::Stalls::none});
      CHECK(outcome.ok());
      CHECK(outcome.channels.front().beats == static_cast<std::int64_t>(beats.expected.size() / 5));
      cycles[is_checked] = outcome.cycles;
    }
    CHECK(cycles[0] + 64 < cycles[1]);
  }
}

TEST_CASE("Layers alone take rows and give rows; too many rows and half a row are answered with their error") {
  const EncoderShape shape{.takes_rows = true};
  const compress::Graph graph = RandomEncoder(shape, 5).graph();
  const CoreFolder folder(graph, {.pi = 4, .po = 4, .lanes = 1, .longest = 3});
  compress::GraphRunner runner(graph);
  engine::Rng rng(2);
  testbench::ChannelBeats beats;
  // A row of 8 codes of 8 bits is two beats of four, the lowest byte first.
  const auto push = [](std::vector<testbench::Byte>& bytes, const Codes& codes, bool has_end) {
    for (std::size_t i = 0; i < codes.size(); ++i) {
      bytes.push_back(static_cast<testbench::Byte>(codes[i]));
      if (i % 4 == 3) bytes.push_back(has_end && i + 1 == codes.size() ? 1 : 0);
    }
  };
  const auto send = [&](std::size_t n_codes, bool has_end = true) {
    Codes codes;
    for (std::size_t i = 0; i < n_codes; ++i) codes.push_back(static_cast<std::int32_t>(rng.below(256)) - 128);
    push(beats.input, codes, has_end);
    return codes;
  };
  const auto answer = [&](const Codes& codes) {
    const std::int32_t texts[] = {0, static_cast<std::int32_t>(codes.size() / 8)};
    push_beat(beats.expected, status(0, codes.size() / 8), false);
    push(beats.expected, runner.run(std::vector<Codes>{codes}, texts).front(), true);
  };
  answer(send(24));
  send(32);
  push_beat(beats.expected, status(1, 3), true);
  answer(send(8));
  send(12);
  push_beat(beats.expected, status(2, 1), true);
  answer(send(16));  // from the beginning of a row again
  send(28);
  push_beat(beats.expected, status(1, 3), true);
  Codes joined = send(8, false);
  const Codes rest = send(8);
  joined.insert(joined.end(), rest.begin(), rest.end());
  answer(joined);
  hw::Design design = folder.design();
  design.probes.clear();
  const testbench::ChannelBeats all[] = {beats};
  const hw::SimulationOutcome outcome = hw::Simulation(design, hw::Simulator::verilator).run(all, {.n_resets = 2});
  CHECK(outcome.ok());
  CHECK(outcome.channels.front().beats == static_cast<std::int64_t>(beats.expected.size() / 5));
}

}  // namespace
}  // namespace ingot::test
