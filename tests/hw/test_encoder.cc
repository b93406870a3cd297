// Which graphs are the encoders that a core computes.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "engine/base/error.h"
#include "hw/core/encoder.h"
#include "hw/core/program.h"
#include "tests/compress/random_encoder.h"
#include "tests/support/error_text.h"

using namespace ingot;
using hw::Graph;
using test::EncoderShape;

namespace {

Graph encoder(const EncoderShape& shape) { return test::RandomEncoder(shape, 3).graph(); }

std::string refusal(Graph graph, const std::function<void(Graph&)>& change) {
  change(graph);
  return test::error_text([&] { hw::encoder_of(graph); });
}

compress::Node& node(Graph& graph, const std::string& name) {
  return *std::ranges::find_if(graph.nodes, [&](const compress::Node& one) { return one.name == name; });
}

}  // namespace

TEST_CASE("the parts of an encoder are found by what they read") {
  const Graph graph = encoder({.layers = 3, .longest = 7, .outputs = 5});
  const hw::Encoder found = hw::encoder_of(graph);
  CHECK(found.layers.size() == 3);
  CHECK(found.embedding->name() == "embeddings");
  CHECK(found.summary->name() == "summary");
  REQUIRE(found.head.size() == 1);
  CHECK(found.head[0].linear.name() == "outputs");
  CHECK(found.heads() == 2);
  CHECK(found.longest() == 7);
  CHECK_FALSE(found.takes_rows());
  const Graph rows = encoder({.takes_rows = true}), tokens = encoder({.summary = ""});
  CHECK(hw::encoder_of(rows).takes_rows());
  CHECK_FALSE(hw::encoder_of(tokens).summary.has_value());
}

TEST_CASE("a sum may name its row before or behind the result: both are shifted to the unit of the sum") {
  const Graph graph = encoder({.activations = 6, .residual = 12});
  Graph swapped = graph;
  for (compress::Node& one : swapped.nodes)
    if (one.kind->name == std::string_view("add")) std::swap(one.inputs[0], one.inputs[1]);
  const hw::Encoder found = hw::encoder_of(graph), other = hw::encoder_of(swapped);
  for (const hw::EncoderLayer& layer : found.layers) {
    const hw::EncoderLayer& same = other.layers[static_cast<std::size_t>(&layer - found.layers.data())];
    // Results have 12 - 4 fraction bits, rows 6 - 3, so sums have 8.
    for (const auto* norm : {&layer.attention_norm, &layer.output_norm, &same.attention_norm, &same.output_norm}) {
      CHECK(norm->left_result == 0);
      CHECK(norm->left_residual == 5);
    }
  }
}

TEST_CASE("a graph that is no encoder is refused by the node that differs") {
  const Graph whole = encoder({}), rows = encoder({.takes_rows = true}), tokens = encoder({.summary = ""});
  const std::string name = whole.name + ": ";
  CHECK(refusal(whole, [](Graph&) {}).empty());
  for (const Graph& graph : {whole, tokens}) {
    const std::string sentence = name + "what a core gives must be the last Linear of its head, or the summary";
    CHECK(refusal(graph, [](Graph& g) { g.outputs[0] = g.nodes[0].outputs[0]; }) == sentence);
    CHECK(refusal(graph, [](Graph& g) { g.outputs.push_back(g.nodes[0].outputs[0]); }) == sentence);
  }
  const std::string of_rows = name + "a core that reads rows must give those of its last layer";
  CHECK(refusal(rows, [](Graph& g) { g.outputs[0] = g.nodes[0].outputs[0]; }) == of_rows);
  CHECK(refusal(rows, [](Graph& g) { g.outputs.push_back(g.nodes[0].outputs[0]); }) == of_rows);
  CHECK(refusal(whole, [](Graph& g) { g.inputs.push_back(g.inputs[0]); }) ==
        name + "a core reads ids and types of tokens, or rows; this graph has 3 inputs");
  CHECK(refusal(whole, [](Graph& g) { g.inputs.clear(); }) ==
        name + "a core reads ids and types of tokens, or rows; this graph has 0 inputs");
  CHECK(refusal(whole, [](Graph& g) { node(g, "layer_1_attended").inputs[1] = g.nodes[0].outputs[0]; }) ==
        "layer_1_attended: must add the row that the part began with");
  CHECK(refusal(whole, [](Graph& g) { node(g, "layer_0_attention").inputs[1] = g.nodes[0].outputs[0]; }) ==
        name + "queries, keys and values must be Linears of the row");
  CHECK(refusal(whole, [](Graph& g) { node(g, "layer_0_activation").inputs[0] = g.nodes[0].outputs[0]; }) ==
        name + "no linear reads what layer_0_inner gives; a core computes the encoder of a BERT");
  CHECK(refusal(whole, [](Graph& g) {
          node(g, "layer_1_attention").inputs[0] = node(g, "layer_0_attention").inputs[0];
        }).starts_with(name));
}

TEST_CASE("words of embeddings are halved to 64 numbers, and on while they have 8 beats and are at most 2,048") {
  const auto elements = [](std::int64_t hidden, std::int64_t vocabulary, std::int64_t lanes) {
    const Graph graph = encoder({.hidden = hidden, .inner = 32, .layers = 1, .vocabulary = vocabulary});
    return hw::plan_core(hw::encoder_of(graph), {.pi = 4, .po = 4, .lanes = lanes, .longest = 9}).embedding_elements;
  };
  CHECK(elements(32, 20, 1) == 8);
  CHECK(elements(32, 20, 2) == 16);
  CHECK(elements(32, 20, 4) == 32);
  CHECK(elements(32, 512, 1) == 8);  // 512 x 4 words
  CHECK(elements(32, 513, 1) == 16);
  CHECK(elements(128, 20, 4) == 32);
  CHECK(elements(128, 1000, 4) == 64);
}
