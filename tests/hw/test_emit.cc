// What emitting writes, and what it refuses.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <map>
#include <set>

#include "engine/base/files.h"
#include "engine/io/json.h"
#include "hw/emit/folder.h"
#include "hw/emit/top.h"
#include "hw/modules/module.h"
#include "hw/passes/metadata.h"
#include "hw/passes/parallelism.h"
#include "tests/compress/graphs.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using test::contains;
using test::error_text;

namespace {

// Lab 4's: 4 -> 8, 8 bits of which 3 are fraction, and an activation.
hw::Graph lab_graph() {
  engine::Rng rng(6);
  const hw::FixedPoint format = test::fixed(8, 3, engine::Rounding::floor);
  hw::Graph graph{.name = "mlp"};
  test::push(graph, test::linear_node(rng, "fc1", 4, 8, format, format));
  graph.nodes[0].as<compress::Linear>()->weight_frac_bits.assign(8, 3);
  test::push(graph, test::activation_node("relu", "relu", 8, format, format));
  return graph;
}

hw::Graph lab_graph_with(const std::string& parallelism) {
  hw::Graph graph = lab_graph();
  hw::set_parallelism(graph, parallelism);
  return graph;
}

std::map<std::string, std::string> contents(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files[entry.path().filename()] = engine::read_file(entry.path());
  return files;
}

}  // namespace

TEST_CASE("hardware is built of chains: a graph with branches is refused") {
  const hw::Edge edge{test::fixed(8, 3), 2};
  hw::Graph graph{.name = "branches"};
  const std::size_t in = compress::add_input(graph, edge);
  for (const char* name : {"left", "right"})
    graph.outputs.push_back(
        compress::add_node(graph, {.name = name, .kind = &compress::operation("relu")}, {in}, {edge}));
  CHECK(contains(error_text([&] { hw::write_top(graph); }), "only layers in a row become hardware"));
}

TEST_CASE("a word in hexadecimal has ceil(bits / 4) digits, element 0 in the lowest bits") {
  hw::Word word;
  word.append(-1, 3);
  CHECK(word.hex() == "7");
  word.append(1, 3);
  CHECK(word.hex() == "0f");
  word.append(-4, 3);  // 100 001 111
  CHECK(word.hex() == "10f");
}

TEST_CASE("weights lie in the order of their use") {
  hw::Graph graph = lab_graph();
  auto& linear = *graph.nodes[0].as<compress::Linear>();
  for (int i = 0; i < 32; ++i) linear.weights[static_cast<std::size_t>(i)] = i;
  hw::set_parallelism(graph, "2x4");
  const hw::Emission emission = hw::module_for(hw::layers(graph)[0]).emit(hw::layers(graph)[0]);
  const hw::Image& image = emission.stored[0].image;
  REQUIRE(image.depth() == 4);  // outputs 0..3 of inputs 0..1, then of 2..3, then outputs 4..7
  // w[j, p] = 4 j + p; the last element is the highest.
  CHECK(image.words[0].hex() == "0d0c090805040100");
  CHECK(image.words[1].hex() == "0f0e0b0a07060302");
  CHECK(image.words[2].hex() == "1d1c191815141110");
}

TEST_CASE("metadata of the lab's network, against a table written by hand") {
  hw::Graph graph = lab_graph();
  hw::set_parallelism(graph, "4");
  const engine::Json metadata = hw::metadata(graph);
  const engine::Json &fc1 = metadata["nodes"][0], &relu = metadata["nodes"][1];
  CHECK(fc1["software"] == engine::Json{{"parameters", 40},
                                        {"macs", 32},
                                        {"activations", 8},
                                        {"activation_bits", 64},
                                        {"weight_bits", 256},
                                        {"zero_weights", fc1["software"]["zero_weights"]}});
  struct Parameter {
    const char* name;
    int value;
  };
  const Parameter expected[] = {{"DATA_IN_0_PRECISION_0", 8},
                                {"DATA_IN_0_PRECISION_1", 3},
                                {"DATA_IN_0_TENSOR_SIZE_DIM_0", 4},
                                {"DATA_IN_0_TENSOR_SIZE_DIM_1", 1},
                                {"DATA_IN_0_PARALLELISM_DIM_0", 4},
                                {"DATA_IN_0_PARALLELISM_DIM_1", 1},
                                {"WEIGHT_PRECISION_0", 8},
                                {"WEIGHT_PRECISION_1", 3},
                                {"WEIGHT_TENSOR_SIZE_DIM_0", 4},
                                {"WEIGHT_TENSOR_SIZE_DIM_1", 8},
                                {"WEIGHT_PARALLELISM_DIM_0", 4},
                                {"WEIGHT_PARALLELISM_DIM_1", 4},
                                {"BIAS_PRECISION_1", 6},
                                {"BIAS_TENSOR_SIZE_DIM_0", 8},
                                {"BIAS_TENSOR_SIZE_DIM_1", 1},
                                {"BIAS_PARALLELISM_DIM_0", 4},
                                {"BIAS_PARALLELISM_DIM_1", 1},
                                {"DATA_OUT_0_PRECISION_0", 8},
                                {"DATA_OUT_0_PRECISION_1", 3},
                                {"DATA_OUT_0_TENSOR_SIZE_DIM_0", 8},
                                {"DATA_OUT_0_TENSOR_SIZE_DIM_1", 1},
                                {"DATA_OUT_0_PARALLELISM_DIM_0", 4},
                                {"DATA_OUT_0_PARALLELISM_DIM_1", 1}};
  const engine::Json& parameters = fc1["hardware"]["verilog_param"];
  for (const Parameter& p : expected) {
    CAPTURE(p.name);
    CHECK(parameters[std::string("fc1_") + p.name] == p.value);
  }
  CHECK(parameters.size() == std::size(expected) + 1);  // and BIAS_PRECISION_0, as wide as the biases need
  CHECK(fc1["hardware"]["toolchain"] == "INTERNAL_RTL");
  CHECK(fc1["hardware"]["module"] == "linear");
  CHECK(fc1["hardware"]["cycles"] == 2);
  CHECK(fc1["hardware"]["interface"]["weight"] ==
        engine::Json{{"storage", "LUT"}, {"transpose", false}, {"words", 2}, {"word_bits", 128}});
  CHECK(relu["hardware"]["module"] == "relu");
  CHECK(relu["hardware"]["verilog_param"]["relu_DATA_OUT_0_TENSOR_SIZE_DIM_0"] == 8);
  const std::string table = hw::metadata_table(metadata);
  CHECK(contains(table, "fc1_WEIGHT_TENSOR_SIZE_DIM_1       8\n"));
  CHECK(contains(table, "INTERNAL_RTL"));
}

TEST_CASE("the same graph is written as the same bytes, and can be opened") {
  const test::TemporaryFolder folder;
  engine::Rng rng(7);
  hw::Graph graph = test::mlp(rng, "gelu", 64, 48, 32);
  hw::set_parallelism(graph, "4,fc2=8x2");
  const hw::Vectors vectors{
      .n = 1, .input = test::draw_codes(rng, graph.input(), 64), .output = std::vector<std::int32_t>(32, 5)};
  hw::write_rtl(folder / "a", graph, vectors);
  hw::write_rtl(folder / "b", graph, vectors);
  CHECK(contents(folder / "a") == contents(folder / "b"));
  const hw::EmittedRtl rtl = hw::open_rtl(folder / "a");
  CHECK(hw::load_vectors(rtl).input == vectors.input);
  CHECK(hw::load_vectors(rtl).output == vectors.output);
  CHECK(rtl.manifest.images == std::vector<std::string>{"fc1_weight.mem", "act_table.mem", "fc2_weight.mem"});
  CHECK(rtl.manifest.interval == 192);
  const std::string top = engine::read_file(folder / "a" / "top.sv");
  CHECK(contains(top, "stream_adapter"));
  hw::write_rtl(folder / "a", lab_graph_with("4"), {});  // in place of it
  CHECK_FALSE(std::filesystem::exists(folder / "a" / "act_table.mem"));
  CHECK(folder.names() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a folder that holds something else stays as it is") {
  const test::TemporaryFolder folder;
  const auto refusal = [&](const std::string& name) {
    return error_text([&] { hw::write_rtl(folder / name, lab_graph_with("2"), {}); });
  };
  std::filesystem::create_directory(folder / "mine");
  test::put(folder / "mine" / "notes.txt", "mine");
  CHECK(contains(refusal("mine"), "holds notes.txt, which `ingot emit` did not write"));
  CHECK(refusal("rtl").empty());
  for (const char* name : {"notes.txt", "synthesis.txt", "simulation-of-mine"}) {
    test::put(folder / "rtl" / name, "mine");
    CHECK(contains(refusal("rtl"), fmt::format("holds {}", name)));
    std::filesystem::remove(folder / "rtl" / name);
  }
  CHECK(contains(refusal("mine/notes.txt"), "is a file, not a folder"));
  CHECK(engine::read_file(folder / "mine" / "notes.txt") == "mine");
}

TEST_CASE("a process killed at any time leaves the earlier folder or the new one, and what it left beside goes") {
  const test::TemporaryFolder folder;
  const hw::Graph graphs[] = {lab_graph_with("1"), lab_graph_with("4")};
  const auto start = std::chrono::steady_clock::now();
  hw::write_rtl(folder / "rtl", graphs[0], {});
  const std::chrono::duration<double, std::micro> once = std::chrono::steady_clock::now() - start;
  std::set<std::size_t> found;
  // Writers begin with either graph, so that both are found even where a busy machine lets each write only once.
  for (std::size_t i = 0; i < 12; ++i) {
    const pid_t writer = ::fork();
    if (writer == 0) {
      for (std::size_t n = i;; ++n) hw::write_rtl(folder / "rtl", graphs[n % 2], {});
    }
    ::usleep(static_cast<useconds_t>(once.count() * (0.2 + 0.3 * static_cast<double>(i))));
    ::kill(writer, SIGKILL);
    ::waitpid(writer, nullptr, 0);
    found.insert(hw::open_emitted(folder / "rtl").manifest.images.size());
  }
  CHECK(found.size() == 2);
  hw::write_rtl(folder / "rtl", graphs[0], {});
  CHECK(folder.names() == std::vector<std::string>{"rtl"});
}

TEST_CASE("the history of syntheses outlives an emission; a link to a folder stays one") {
  const test::TemporaryFolder folder;
  hw::write_rtl(folder / "real", lab_graph_with("1"), {});
  test::put(folder / "real/synth.jsonl", "{}\n");
  std::filesystem::create_directory_symlink("real", folder / "rtl");
  hw::write_rtl(folder / "rtl", lab_graph_with("2"), {});
  CHECK(std::filesystem::is_symlink(folder / "rtl"));
  CHECK(engine::read_file(folder / "real/synth.jsonl") == "{}\n");
  CHECK(hw::open_emitted(folder / "real").graph.nodes[0].parallelism.in == 2);
}

TEST_CASE("a parallelism that does not divide is refused with those that do") {
  hw::Graph graph = lab_graph();
  const auto refusal = [&](const std::string& text) { return error_text([&] { hw::set_parallelism(graph, text); }); };
  CHECK(contains(refusal("3"), "the 4 inputs of fc1 cannot be cut into beats of 3; legal are 1, 2, 4"));
  CHECK(contains(refusal("4x3"), "the 8 outputs of fc1 cannot be cut into beats of 3; legal are 1, 2, 4, 8"));
  CHECK(contains(refusal("4,fc3=2"), "no layer is named 'fc3'; there are fc1, relu"));
  CHECK(contains(refusal("four"), "got 'four'"));
  CHECK(contains(refusal(""), "got ''"));
  CHECK(contains(refusal("4x"), "got ''"));
  CHECK(contains(error_text([&] { hw::write_top(lab_graph()); }), "parallelism must be chosen"));
}

TEST_CASE("automatic parallelism: no other choice within the cycles has fewer multipliers") {
  engine::Rng rng(8);
  hw::Graph graph = test::mlp(rng, "relu", 12, 20, 6);
  for (const std::int64_t cycles : {1, 2, 5, 7, 16, 60, 239, 240, 1000}) {
    CAPTURE(cycles);
    hw::choose_for_cycles(graph, cycles);
    compress::check(graph);
    CHECK(hw::interval(graph) <= cycles);
    std::int64_t least = 0;  // by trying all
    for (const auto& [k, n] : {std::pair{12, 20}, std::pair{20, 6}}) {
      std::int64_t best = k * n;
      for (int in = 1; in <= k; ++in) {
        for (int out = 1; out <= n; ++out) {
          if (k % in == 0 && n % out == 0 && (k / in) * (n / out) <= cycles)
            best = std::min<std::int64_t>(best, in * out);
        }
      }
      least += best;
    }
    CHECK(hw::multipliers(graph) == least);
  }
  std::int64_t slowest = 1000;
  for (const std::int64_t budget : {2, 3, 8, 30, 100, 360}) {
    hw::choose_for_multipliers(graph, budget);
    CHECK(hw::multipliers(graph) <= budget);
    CHECK(hw::interval(graph) <= slowest);
    slowest = hw::interval(graph);
  }
  CHECK(slowest == 1);
  CHECK(contains(error_text([&] { hw::choose_for_multipliers(graph, 1); }),
                 "2 Linear layers need at least as many, got 1"));
}
