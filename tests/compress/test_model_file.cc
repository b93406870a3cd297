// Small models that users write.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "compress/integer/runner.h"
#include "compress/lower/model_file.h"
#include "engine/io/safetensors.h"
#include "tests/compress/graphs.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using test::contains;
using test::error_text;

namespace {

const std::string kMlp = R"toml(name = "mlp"
input = "fixed(8,3)"
weights = "w.safetensors"
vectors = [[8, -8, 127, 0], [1, 2, 3, 4]]
[[layers]]
name = "fc1"
type = "linear"
inputs = 4
outputs = 2
weight = "fixed(8,3)"
bias = "fixed(8,3)"
output = "fixed(8,3,floor)"
[[layers]]
name = "act"
type = "leaky_relu"
slope = 0.125
[[layers]]
name = "tail"
type = "tanh"
output = "fixed(8,7)"
)toml";

void write_weights(const std::filesystem::path& path, float first = 1.0f) {
  const std::vector<float> w{first, 0.5f, -0.25f, 0, -1, -1, -1, -1}, b{0.125f, -2};
  const engine::SafetensorsEntry entries[] = {
      {.name = "fc1.weight", .dtype = "F32", .shape = {2, 4}, .bytes = std::as_bytes(std::span(w))},
      {.name = "fc1.bias", .dtype = "F32", .shape = {2}, .bytes = std::as_bytes(std::span(b))}};
  engine::write_safetensors(path, entries);
}

std::string without(const std::string& text, const std::string& line) {
  std::string changed = text;
  const std::size_t at = changed.find(line);
  REQUIRE(at != std::string::npos);
  return changed.erase(at, line.size());
}

}  // namespace

TEST_CASE("a model file gives the graph that it describes") {
  const test::TemporaryFolder folder;
  write_weights(folder / "w.safetensors");
  test::put(folder / "mlp.toml", kMlp);
  const compress::ModelFile model = compress::read_model_file(folder / "mlp.toml", 1);
  CHECK(model.graph.nodes.size() == 3);
  CHECK(model.vectors == std::vector<std::int32_t>{8, -8, 127, 0, 1, 2, 3, 4});
  const compress::Linear& linear = *model.graph.nodes[0].as<compress::Linear>();
  CHECK(linear.weights == std::vector<std::int32_t>{8, 4, -2, 0, -8, -8, -8, -8});
  CHECK(linear.bias == std::vector<std::int64_t>{8, -128});
  CHECK(model.graph.nodes[1].as<compress::Slope>()->slope == 1);
  CHECK(model.graph.nodes[1].as<compress::Slope>()->frac_bits == 3);
  // 8 8 - 8 4 - 2 127 + 8 = -214 -> -27 (floor of / 8), / 8 = -3.375 -> -4 (floor), tanh(-4 / 8) 128 = -59.1
  const std::vector<std::int32_t> y = compress::GraphRunner(model.graph).run(model.vectors);
  CHECK(y[0] == std::lround(std::tanh(-4.0 / 8) * 128));
}

TEST_CASE("without a file weights are drawn by the seed, within what they may be") {
  const std::string text = without(kMlp, "weights = \"w.safetensors\"\n");
  const auto codes = [&](std::uint64_t seed) {
    return compress::parse_model(text, "m", "", seed).graph.nodes[0].as<compress::Linear>()->weights;
  };
  CHECK(codes(1) == codes(1));
  CHECK(codes(1) != codes(2));
  for (const int w : codes(1)) CHECK(std::abs(w) <= 4);  // 1/sqrt(4) in units of 1/8
}

TEST_CASE("weights of all codes are drawn where a model says so, up to both ends of their formats") {
  const auto drawn = [](const std::string& line) {
    const std::string text = "name = \"m\"\ninput = \"fixed(8,3)\"\n" + line +
                             "\n[[layers]]\nname = \"fc\"\ntype = \"linear\"\ninputs = 64\noutputs = 64\n"
                             "weight = \"fixed(8,3)\"\nbias = \"fixed(8,3)\"\noutput = \"fixed(8,3)\"\n";
    return compress::parse_model(text, "m", "", 1).graph.nodes[0].as<compress::Linear>()->weights;
  };
  const std::vector<std::int32_t> all = drawn("draw = \"all_codes\""), few = drawn("");
  const auto [lowest, highest] = std::minmax_element(all.begin(), all.end());
  const engine::CodeRange range = test::fixed(8, 3).codes();
  CHECK(*lowest == range.lowest);
  CHECK(*highest == range.highest);
  CHECK(*std::max_element(few.begin(), few.end()) <= 4);
  CHECK(contains(error_text([&] { drawn("draw = \"uniform\""); }), "draw: must be \"all_codes\", got 'uniform'"));
  CHECK(contains(error_text([&] { drawn("draw = \"all_codes\"\nweights = \"w.safetensors\""); }),
                 "draw: nothing is drawn where weights come from a file"));
}

TEST_CASE("what a model file may not say") {
  const test::TemporaryFolder folder;
  write_weights(folder / "w.safetensors");
  const auto refusal = [&](const std::string& from, const std::string& to) {
    std::string text = kMlp;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    return error_text([&] { compress::parse_model(text, "m.toml", folder.path(), 1); });
  };
  CHECK(contains(refusal("name = \"mlp\"", "name = mlp"), "m.toml: line 1: not TOML"));
  CHECK(contains(refusal("inputs = 4\n", ""), "layers[0]: inputs is missing"));
  CHECK(contains(refusal("inputs = 4", "inputs = 5"), "fc1.weight"));
  CHECK(contains(refusal("inputs = 4", "inputs = 4\nstride = 2"), "layers[0]: unknown name 'stride'"));
  CHECK(contains(refusal("leaky_relu", "softmax"),
                 "must be linear, relu, leaky_relu, rrelu, rrelu_lab, rrelu_uniform, "
                 "gelu, gelu_new, tanh, got 'softmax'"));
  CHECK(contains(refusal("fixed(8,3)\"\nweights", "minifloat(8,e4)\"\nweights"), "must be fixed point"));
  CHECK(contains(refusal("0.125", "0.3"), "must be a multiple of 2^-16"));
  CHECK(contains(refusal("[8, -8, 127, 0]", "[8, -8, 128, 0]"), "vectors: must be codes of fixed(8,3), got 128"));
  CHECK(contains(refusal("[8, -8, 127, 0]", "[8, -8, 127]"), "each must be 4 codes, got 3"));
  CHECK(contains(refusal("bias = \"fixed(8,3)\"", "bias = \"fixed(8,7)\""),
                 "at most the 6 fraction bits of the products"));
  CHECK(contains(refusal("output = \"fixed(8,3,floor)\"\n", ""), "layers[0]: output is missing"));
  CHECK(
      contains(refusal("fixed(8,3,floor)", "fixed(12,3,floor)"), "tanh takes at most 10 bits, got fixed(12,3,floor)"));
  write_weights(folder / "w.safetensors", 16.0f);
  CHECK(
      contains(refusal("mlp", "mlp"), "fc1.weight[0]: 16 does not fit into fixed(8,3), which goes from -16 to 15.875"));
}

TEST_CASE("layers and weights have limits, which are said before memory is taken") {
  const auto refusal = [](const std::string& layers) {
    const std::string text = "name = \"m\"\ninput = \"fixed(8,3)\"\n" + layers;
    return error_text([&] { compress::parse_model(text, "m", "", 1); });
  };
  std::string many;
  for (int i = 0; i < 1025; ++i)
    many += fmt::format("[[layers]]\nname = \"a{}\"\ntype = \"relu\"\n{}", i, i == 0 ? "size = 4\n" : "");
  CHECK(contains(refusal(many), "m: layers: there must be 1 to 1024, got 1025"));
  const auto linear = [](const std::string& name, int outputs) {
    return fmt::format(
        "[[layers]]\nname = \"{}\"\ntype = \"linear\"\noutputs = {}\nweight = \"fixed(8,3)\"\nbias = \"fixed(8,3)\"\n"
        "output = \"fixed(8,3)\"\n",
        name, outputs);
  };
  CHECK(contains(refusal(linear("fc1", 65536) + "inputs = 65536\n"),
                 "layers[0]: outputs: 4294967296 weights make 4294967296 with those of the layers before; at most "
                 "16777216 are possible"));
  // Each is within the limit, all together are not.
  CHECK(contains(
      refusal(linear("fc1", 65536) + "inputs = 8\n" + linear("fc2", 200) + linear("fc3", 65536) + linear("fc4", 250)),
      "layers[2]: outputs: 13107200 weights make 26738688"));
}

TEST_CASE("names of a model are plain: what they become is code and paths") {
  for (const std::string& name : {"a\\nendmodule", "a b", "../a", ".a", "-a", "a;b", "a/*", "", "\xc3\xa4"}) {
    CAPTURE(name);
    const std::string layer = "[[layers]]\nsize = 4\ntype = \"relu\"\n";
    const auto model = [&](const std::string& graph_name, const std::string& layer_name) {
      return error_text([&] {
        compress::parse_model(
            fmt::format("name = \"{}\"\ninput = \"fixed(8,3)\"\n{}name = \"{}\"\n", graph_name, layer, layer_name), "m",
            "", 1);
      });
    };
    CHECK(contains(model(name, "a"), "m: name: a name must be at most 64 letters, digits, _ and '.'"));
    CHECK(contains(model("a", name), "a: a name must be at most 64 letters, digits and _"));
    CHECK(model("ffn.0", "a").empty());
  }
}

TEST_CASE("damaged model files are refused in one sentence, or are other valid ones") {
  const std::string text = without(kMlp, "weights = \"w.safetensors\"\n");
  engine::Rng rng(9);
  int refused = 0, accepted = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string damaged = text;
    for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) {
      const std::size_t at = rng.below(damaged.size());
      if (rng.below(2) == 0) {
        damaged.erase(at, 1 + rng.below(8));
      } else {
        damaged.insert(at, 1, "0123456789-=\"[]{}.\n,()e\xff"[rng.below(24)]);
      }
    }
    try {
      compress::parse_model(damaged, "f", "", 1);
      ++accepted;
    } catch (const engine::Error& error) {
      CHECK(std::string(error.what()).starts_with("f"));
      ++refused;
    }
  }
  CHECK(refused > 1000);
  CHECK(accepted > 50);
}
