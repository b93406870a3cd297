// What the operations of an encoder refuse, and a graph of all of them as JSON.
#include <doctest/doctest.h>

#include <functional>

#include "compress/integer/ops/attention.h"
#include "compress/integer/ops/embedding.h"
#include "compress/integer/ops/layer_norm.h"
#include "engine/io/json.h"
#include "tests/compress/encoder.h"
#include "tests/support/error_text.h"

using namespace ingot;
using compress::Attention;
using compress::Edge;
using compress::EmbeddingSum;
using compress::FixedPoint;
using compress::Graph;
using compress::LayerNorm;
using engine::Json;
using test::borders;
using test::Codes;
using test::contains;
using test::error_text;
using test::fixed;
using test::operation_graph;
using test::ufixed;

namespace {

// A change of a graph that its check accepts, and the sentence that refuses it. Empty: it is accepted.
struct Refusal {
  std::string sentence;
  std::function<void(Graph&)> change;
};

void check_refusals(const Graph& good, const std::vector<Refusal>& refusals) {
  CHECK(error_text([&] { compress::check(good); }) == "");
  for (const Refusal& refusal : refusals) {
    Graph graph = good;
    refusal.change(graph);
    const std::string text = error_text([&] { compress::check(graph); });
    INFO(text);
    CHECK_MESSAGE(refusal.sentence.empty() == text.empty(), refusal.sentence);
    CHECK_MESSAGE(contains(text, refusal.sentence), refusal.sentence);
  }
}

template <class Data>
Data& data(Graph& graph) {
  return *graph.nodes[0].as<Data>();
}

FixedPoint at_random(FixedPoint format) {
  format.rounding.reset();
  return format;
}

void read_one_more(Graph& graph) { graph.nodes[0].inputs.push_back(compress::add_input(graph, graph.edges[0])); }
void read_one_less(Graph& graph) { graph.nodes[0].inputs.pop_back(); }
void give_one_more(Graph& graph) {
  graph.edges.push_back(graph.edges[graph.nodes[0].outputs[0]]);
  graph.nodes[0].outputs.push_back(graph.edges.size() - 1);
}

EmbeddingSum small_embedding(std::int64_t size) {
  const auto rows = [&](std::int64_t n) {
    compress::EmbeddingRows r{.n = n, .width = 8, .codes = {}, .shifts = Codes(static_cast<std::size_t>(n), 1)};
    for (std::int64_t i = 0; i < n * size; ++i) r.codes.push_back(static_cast<std::int32_t>(i * 37 % 255 - 127));
    return r;
  };
  return {.word = rows(9), .position = rows(6), .token_type = rows(2)};
}

LayerNorm small_norm(std::size_t n) {
  return {.gamma = Codes(n, 90), .beta = Codes(n, -7), .gamma_frac_bits = 6, .beta_frac_bits = 4};
}

Attention small_attention() {
  Attention attention{.n_heads = 2, .longest = 6, .exponentials = compress::exponential_table(16, 4)};
  compress::set_scale(attention, 2, 8, 4);
  return attention;
}

// Embedding, norm, attention with its linears, sum, norm, mean, classes.
Graph encoder() {
  engine::Rng rng(31);
  Graph graph{.name = "encoder"};
  const std::size_t ids = add_input(graph, {ufixed(8, 0), 1}), types = add_input(graph, {ufixed(1, 0), 1});
  const auto add = [&](const char* name, const char* kind, std::any data, const std::vector<std::size_t>& in,
                       const Edge& out) {
    return add_node(graph, {.name = name, .kind = &compress::operation(kind), .data = std::move(data)}, in, {out});
  };
  const auto linear = [&](const char* name, std::size_t in, std::int64_t n, const FixedPoint& out) {
    const test::ChainNode made = test::linear_node(rng, name, 4, n, graph.edges[in].format, out);
    return add_node(graph, made.node, {in}, {made.out});
  };
  const std::size_t embedded = add("embed", "embedding", small_embedding(4), {ids, types}, {fixed(12, 5), 4});
  const std::size_t hidden = add("norm1", "layer_norm", small_norm(4), {embedded}, {fixed(8, 5), 4});
  const std::size_t q = linear("query", hidden, 4, fixed(8, 4)), k = linear("key", hidden, 4, fixed(8, 4)),
                    v = linear("value", hidden, 4, fixed(8, 4));
  const std::size_t mixed = add("mix", "attention", small_attention(), {q, k, v}, {fixed(8, 4), 4});
  const std::size_t out = linear("out", mixed, 4, fixed(8, 3));
  const std::size_t sum = add("sum", "add", {}, {hidden, out}, {fixed(11, 5), 4});
  const std::size_t last = add("norm2", "layer_norm", small_norm(4), {sum}, {fixed(8, 5), 4});
  const std::size_t mean = add("mean", "mean", {}, {last}, {fixed(8, 6), 4});
  linear("classes", mean, 3, fixed(10, 3));
  return graph;
}

// The encoder's JSON with one change in a layer, and what refuses it.
std::string refusal_of(const Json& json, std::size_t layer, const std::function<void(Json&)>& change) {
  Json damaged = json;
  change(damaged["layers"][layer]);
  return error_text([&] { compress::graph_of(damaged, "g"); });
}

}  // namespace

TEST_CASE("an embedding refuses what does not fit") {
  const Graph good =
      operation_graph("embedding", small_embedding(3), {{ufixed(8, 0), 1}, {ufixed(1, 0), 1}}, {fixed(11, 2), 3});
  const auto word = [](auto change) { return [change](Graph& g) { change(data<EmbeddingSum>(g).word); }; };
  using Rows = compress::EmbeddingRows;
  check_refusals(
      good,
      {{"op: embedding reads 2 edges and gives 1, got 3 and 1", read_one_more},
       {"reads 2 edges and gives 1, got 1 and 1", read_one_less},
       {"reads 2 edges and gives 1, got 2 and 2", give_one_more},
       {"ids and types must be single unsigned numbers, got 2 of ufixed(8,0)", [](Graph& g) { g.edges[0].size = 2; }},
       {"single unsigned numbers, got 1 of fixed(8,0)", [](Graph& g) { g.edges[0].format.is_signed = true; }},
       {"single unsigned numbers, got 1 of ufixed(1,1)", [](Graph& g) { g.edges[1].format.frac_bits = 1; }},
       {"op: word: must have rows of 1 to 16 bits, got 0 rows of 8", word([](Rows& r) { r = {.n = 0}; })},
       {"must have rows of 1 to 16 bits, got 9 rows of 17", word([](Rows& r) { r.width = 17; })},
       {"must have rows of 1 to 16 bits, got 9 rows of 0", word([](Rows& r) { r.width = 0; })},
       {"word: 9 rows need 27 codes and 9 shifts, got 26 and 9", word([](Rows& r) { r.codes.pop_back(); })},
       {"word: 9 rows need 27 codes and 9 shifts, got 27 and 10", word([](Rows& r) { r.shifts.push_back(0); })},
       {"position: 6 rows need 18 codes", [](Graph& g) { data<EmbeddingSum>(g).position.codes.clear(); }},
       {"token_type: 2 rows need 6 codes", [](Graph& g) { data<EmbeddingSum>(g).token_type.codes.clear(); }},
       {"word: shifts must be between 0 and 30, got 31", word([](Rows& r) { r.shifts[4] = 31; })},
       {"word: shifts must be between 0 and 30, got -1", word([](Rows& r) { r.shifts[4] = -1; })},
       {"word: codes must have 8 bits, got 128", word([](Rows& r) { r.codes[5] = 128; })},
       {"word: codes must have 8 bits, got -129", word([](Rows& r) { r.codes[5] = -129; })},
       {"word: codes must have 1 bits, got 0",
        word([](Rows& r) { r.codes.assign(27, 1), r.codes[3] = 0, r.width = 1; })},
       {"word: codes must have 1 bits, got 2",
        word([](Rows& r) { r.codes.assign(27, 1), r.codes[3] = 2, r.width = 1; })},
       {"", word([](Rows& r) { r.codes.assign(27, -1), r.width = 1; })},
       {"op: its sums reach 762, more than fixed(10,2) holds", [](Graph& g) { g.edges[2].format.width = 10; }},
       {"", word([](Rows& r) { r.shifts[8] = 2; })},  // 1016 of at most 1023
       {"op: its sums reach 512, more than fixed(10,2) holds",
        [](Graph& g) {
          g.edges[2].format.width = 10;
          data<EmbeddingSum>(g).token_type = {.n = 1, .codes = {0, 4, 0}, .shifts = {0}};  // 254 + 254 + 4
        }},
       {"",
        [](Graph& g) {
          g.edges[2].format.width = 10;
          data<EmbeddingSum>(g).token_type = {.n = 1, .codes = {0, 3, 0}, .shifts = {0}};  // 254 + 254 + 3
        }},
       {"op: its sums reach 1532, more than", word([](Rows& r) { r.shifts[0] = 3, r.codes[0] = -128; })},
       {"op: sums need a signed output, got ufixed(16,2)", [](Graph& g) { g.edges[2].format = ufixed(16, 2); }},
       {"", [](Graph& g) { g.edges[2].format = fixed(32, 2), data<EmbeddingSum>(g).word.shifts[0] = 24; }},
       {"more than fixed(32,2) holds",
        [](Graph& g) { g.edges[2].format = fixed(32, 2), data<EmbeddingSum>(g).word.shifts[0] = 30; }}});
}

TEST_CASE("a sum of two edges refuses what does not fit") {
  const Graph good = operation_graph("add", {}, {{fixed(8, 2), 3}, {fixed(8, 4), 3}}, {fixed(11, 4), 3});
  check_refusals(
      good,
      {{"op: add reads 2 edges and gives 1, got 3 and 1", read_one_more},
       {"add reads 2 edges and gives 1, got 1 and 1", read_one_less},
       {"add reads 2 edges and gives 1, got 2 and 2", give_one_more},
       {"op: add needs edges of one size, got 2 and 3", [](Graph& g) { g.edges[1].size = 2; }},
       {"must have the finer unit of its inputs, at most 30 bits finer than the other; fixed(8,4) becomes fixed(11,3)",
        [](Graph& g) { g.edges[2].format.frac_bits = 3; }},
       {"at most 30 bits finer than the other; fixed(8,-27) becomes fixed(32,4)",
        [](Graph& g) { g.edges[0].format.frac_bits = -27, g.edges[2].format.width = 32; }},
       {"op: sums of fixed(8,2) and fixed(8,4) could leave fixed(10,4)",
        [](Graph& g) { g.edges[2].format.width = 10; }},
       {"", [](Graph& g) { g.edges[0].format.width = 9, g.edges[2].format.width = 12; }},
       {"sums of ufixed(1,4) and ufixed(8,4) could leave ufixed(8,4)",  // 256
        [](Graph& g) { g.edges[0].format = ufixed(1, 4), g.edges[1].format = g.edges[2].format = ufixed(8, 4); }},
       {"sums of fixed(1,4) and fixed(8,4) could leave fixed(8,4)",  // -129
        [](Graph& g) { g.edges[0].format = fixed(1, 4), g.edges[1].format = g.edges[2].format = fixed(8, 4); }},
       {"could leave ufixed(16,4)", [](Graph& g) { g.edges[2].format = ufixed(16, 4); }},
       {"sums of fixed(31,4) and fixed(32,4) could leave fixed(32,4)",
        [](Graph& g) { g.edges[0].format = fixed(31, 4), g.edges[1].format = g.edges[2].format = fixed(32, 4); }},
       {"", [](Graph& g) { g.edges[0].format = g.edges[1].format = fixed(31, 4), g.edges[2].format = fixed(32, 4); }},
       {"",
        [](Graph& g) { g.edges[0].format = g.edges[1].format = ufixed(30, 4), g.edges[2].format = ufixed(31, 4); }}});
}

TEST_CASE("layer normalisation refuses what does not fit") {
  const Graph good = operation_graph("layer_norm", small_norm(4), {{fixed(8, 2), 4}}, {fixed(8, 4), 4});
  const auto norm = [](auto change) { return [change](Graph& g) { change(data<LayerNorm>(g)); }; };
  const auto longer = [](std::int64_t n, const FixedPoint& in) {
    return [=](Graph& g) {
      g.edges = {{in, n}, {fixed(8, 4), n}};
      data<LayerNorm>(g) = small_norm(static_cast<std::size_t>(n));
    };
  };
  check_refusals(
      good,
      {{"op: layer_norm reads 1 edges and gives 1, got 2 and 1", read_one_more},
       {"op: layer_norm reads 1 edges and gives 1, got 1 and 2", give_one_more},
       {"op: gives as many numbers as it takes, not 3 for 4", [](Graph& g) { g.edges[1].size = 3; }},
       {"as many numbers a beat as it takes, not 2x4",
        [](Graph& g) {
          g.nodes[0].parallelism = {2, 4};
        }},
       {"op: gamma must have 4 codes, got 3", norm([](LayerNorm& n) { n.gamma.pop_back(); })},
       {"op: beta must have 4 codes, got 5", norm([](LayerNorm& n) { n.beta.push_back(0); })},
       {"op: gamma must be codes of 24 bits, got 8388608", norm([](LayerNorm& n) { n.gamma[2] = 1 << 23; })},
       {"op: beta must be codes of 24 bits, got -8388609", norm([](LayerNorm& n) { n.beta[2] = -(1 << 23) - 1; })},
       {"must not be rounded at random", [](Graph& g) { g.edges[1].format = at_random(fixed(8, 4)); }},
       {"a table of roots must have 192 entries, got 191",
        norm([](LayerNorm& n) { n.root_table = compress::make_root_table(), n.root_table.pop_back(); })},
       {"entries of the table of roots must be between 0 and 2^17, got 131073",
        norm([](LayerNorm& n) { n.root_table.assign(192, 131073); })},
       {"entries of the table of roots must be between 0 and 2^17, got -1",
        norm([](LayerNorm& n) { n.root_table.assign(192, -1); })},
       {"", norm([](LayerNorm& n) { n.root_table.assign(192, 131072); })},
       {"epsilon must be between 0 and 2^62, got -1", norm([](LayerNorm& n) { n.epsilon = -1; })},
       {"epsilon must be between 0 and 2^62, got 4611686018427387904",
        norm([](LayerNorm& n) { n.epsilon = std::int64_t{1} << 62; })},
       {"the variance of 4 codes of fixed(30,2) could need more than 62 bits",
        [](Graph& g) { g.edges[0].format = fixed(30, 2); }},
       {"", [](Graph& g) { g.edges[0].format = fixed(29, 2); }},
       {"the variance of 4 codes of ufixed(29,2) could need more",
        [](Graph& g) { g.edges[0].format = ufixed(29, 2), data<LayerNorm>(g).epsilon = std::int64_t{1} << 61; }},
       {"the variance of 512 codes of fixed(23,2) could need more", longer(512, fixed(23, 2))},
       {"", longer(512, fixed(22, 2))},
       {"beta must have at most 22 fraction bits, got 23", norm([](LayerNorm& n) { n.beta_frac_bits = 23; })},
       {"beta must have at most 22 fraction bits, got -18", norm([](LayerNorm& n) { n.beta_frac_bits = -18; })},
       {"", norm([](LayerNorm& n) { n.beta_frac_bits = -17; })},
       {"gamma and beta make sums of more than 53 bits",
        norm([](LayerNorm& n) { n.beta_frac_bits = -16, n.beta[0] = 1 << 15; })},
       {"the output must have 22 fraction bits fewer, at most 52, got fixed(8,23)",
        [](Graph& g) { g.edges[1].format.frac_bits = 23; }},
       {"the output must have 22 fraction bits fewer, at most 52, got fixed(8,-31)",
        [](Graph& g) { g.edges[1].format.frac_bits = -31; }},
       {"", [](Graph& g) { g.edges[1].format.frac_bits = -30; }}});
}

TEST_CASE("attention refuses what does not fit") {
  const Edge edge{fixed(8, 4), 4};
  const Graph good = operation_graph("attention", small_attention(), {edge, edge, edge}, edge);
  const auto a = [](auto change) { return [change](Graph& g) { change(data<Attention>(g)); }; };
  check_refusals(
      good,
      {{"op: attention reads 3 edges and gives 1, got 4 and 1", read_one_more},
       {"attention reads 3 edges and gives 1, got 2 and 1", read_one_less},
       {"attention reads 3 edges and gives 1, got 3 and 2", give_one_more},
       {"attention needs edges of one size, got 3 and 4", [](Graph& g) { g.edges[1].size = 3; }},
       {"must not be rounded at random", [](Graph& g) { g.edges[3].format = at_random(fixed(8, 4)); }},
       {"4 numbers cannot be parted into 3 heads", a([](Attention& t) { t.n_heads = 3; })},
       {"4 numbers cannot be parted into 0 heads", a([](Attention& t) { t.n_heads = 0; })},
       {"texts must have 1 to 65536 rows, got 0", a([](Attention& t) { t.longest = 0; })},
       {"texts must have 1 to 65536 rows, got 65537", a([](Attention& t) { t.longest = 65537; })},
       {"the multiplier of scores must have 15 bits, got 0", a([](Attention& t) { t.multiplier = 0; })},
       {"the multiplier of scores must have 15 bits, got 32768", a([](Attention& t) { t.multiplier = 32768; })},
       {"the shift of scores must be between -30 and 62, got -31", a([](Attention& t) { t.shift = -31; })},
       {"the shift of scores must be between -30 and 62, got 63", a([](Attention& t) { t.shift = 63; })},
       {"scores must have 2 to 24 bits, got 1", a([](Attention& t) { t.score_width = 1; })},
       {"scores must have 2 to 24 bits, got 25", a([](Attention& t) { t.score_width = 25; })},
       {"exponentials must have 1 to 16 bits, got 0", a([](Attention& t) { t.exponential_width = 0; })},
       {"exponentials must have 1 to 16 bits, got 17", a([](Attention& t) { t.exponential_width = 17; })},
       {"attention needs 256 exponentials, got 255", a([](Attention& t) { t.exponentials.pop_back(); })},
       {"an exponential must have 16 bits, got 65536", a([](Attention& t) { t.exponentials[9] = 65536; })},
       {"an exponential must have 15 bits, got 65535", a([](Attention& t) { t.exponential_width = 15; })},
       {"an exponential must have 16 bits, got -1", a([](Attention& t) { t.exponentials[9] = -1; })},
       {"the exponential of the largest score must be at least 1", a([](Attention& t) { t.exponentials[0] = 0; })},
       {"its scores could need more than 62 bits",
        [](Graph& g) {
          g.edges[0].format = g.edges[1].format = fixed(24, 4);  // 4 2^23 2^23 32767
          data<Attention>(g).multiplier = 32767, data<Attention>(g).n_heads = 1;
        }},
       {"",
        [](Graph& g) {
          g.edges[0].format = fixed(24, 4), g.edges[1].format = fixed(23, 4);
          data<Attention>(g).multiplier = 32767;
        }},
       {"must have at most 24 fraction bits more or fewer than the values, got 25",
        [](Graph& g) { g.edges[3].format.frac_bits = 29; }},
       {"must have at most 24 fraction bits more or fewer than the values, got -25",
        [](Graph& g) { g.edges[3].format.frac_bits = -21; }},
       {"the sums of 8192 values of fixed(24,4) could need more than 52 bits",
        [](Graph& g) {
          g.edges[2].format = fixed(24, 4), data<Attention>(g).longest = 8192;  // 2^13 2^16 2^23
        }},
       {"", [](Graph& g) { g.edges[2].format = fixed(24, 4), data<Attention>(g).longest = 8191; }},
       {"could need more than 52 bits",
        [](Graph& g) { g.edges[3].format.frac_bits = 4 + 24, data<Attention>(g).longest = 32; }},
       {"could need more than 52 bits",
        [](Graph& g) { g.edges[3].format.frac_bits = 4 - 24, data<Attention>(g).longest = 32; }},
       {"", [](Graph& g) { g.edges[3].format.frac_bits = 4 - 24, data<Attention>(g).longest = 31; }}});
}

TEST_CASE("summaries of texts refuse what does not fit") {
  for (const char* kind : {"mean", "first"}) {
    const Graph good = operation_graph(kind, {}, {{fixed(8, 4), 3}}, {fixed(8, 5), 3});
    check_refusals(
        good,
        {{" reads 1 edges and gives 1, got 2 and 1", read_one_more},
         {" reads 1 edges and gives 1, got 1 and 2", give_one_more},
         {"op: gives as many numbers as it takes, not 2 for 3", [](Graph& g) { g.edges[1].size = 2; }},
         {"must not be rounded at random", [](Graph& g) { g.edges[1].format = at_random(fixed(8, 4)); }},
         {"the output must have at most 24 fraction bits more or fewer than the input; fixed(8,4) becomes fixed(8,29)",
          [](Graph& g) { g.edges[1].format.frac_bits = 29; }},
         {"at most 24 fraction bits more or fewer than the input; fixed(8,4) becomes fixed(8,-21)",
          [](Graph& g) { g.edges[1].format.frac_bits = -21; }},
         {"", [](Graph& g) { g.edges[1].format.frac_bits = -20; }},
         {"", [](Graph& g) { g.edges[1].format.frac_bits = 28; }},
         {"the sums of 65536 codes of fixed(32,4) with 15 fraction bits more could need more than 62 bits",
          [](Graph& g) { g.edges[0].format = fixed(32, 4), g.edges[1].format.frac_bits = 19; }},
         {"", [](Graph& g) { g.edges[0].format = fixed(32, 4), g.edges[1].format.frac_bits = 18; }}});
  }
}

TEST_CASE("a text longer than attention takes is refused, on every thread") {
  const Edge edge{fixed(8, 4), 4};
  const Graph graph = operation_graph("attention", small_attention(), {edge, edge, edge}, edge);
  const std::vector<Codes> in(3, Codes(4 * 30, 1));
  CHECK(contains(error_text([&] {
                   test::run(graph, in, borders({1, 2, 6, 7, 6, 6, 2}));
                 }),
                 "op: a text must have at most 6 rows, got 7"));
  CHECK(error_text([&] { test::run(graph, in, borders({6, 6, 6, 6, 6})); }) == "");
}

TEST_CASE("an encoder goes through JSON unchanged, and computes the same") {
  const Graph graph = encoder();
  compress::check(graph);
  const Json json = compress::to_json(graph);
  const Graph again = compress::graph_of(Json::parse(json.dump()), "g");
  CHECK(compress::to_json(again) == json);
  const std::vector<Codes> in{{1, 5, 8, 0, 2, 2, 7, 3}, {0, 0, 1, 0, 1, 0, 1, 0}};
  const Codes texts = borders({3, 1, 4});
  const Codes y = test::run(graph, in, texts);
  CHECK(y.size() == 9);
  CHECK(test::run(again, in, texts) == y);
  // A text by itself gives what it gives beside others.
  const Codes one = test::run(graph, {{0}, {0}}, borders({1}));
  CHECK(one == Codes(y.begin() + 3, y.begin() + 6));
  Graph first = graph;
  first.nodes[9].kind = &compress::operation("first");
  CHECK(test::run(first, {{0}, {0}}, borders({1})) == one);
  CHECK(test::run(first, in, texts) != y);
  CHECK(compress::to_json(compress::graph_of(compress::to_json(first), "g")) == compress::to_json(first));
}

TEST_CASE("an operation's table of roots goes through JSON, and none stays none") {
  LayerNorm norm = small_norm(4);
  const auto back = [&] {
    const Graph graph = operation_graph("layer_norm", norm, {{fixed(8, 2), 4}}, {fixed(8, 4), 4});
    return *compress::graph_of(compress::to_json(graph), "g").nodes[0].as<LayerNorm>();
  };
  CHECK(back().root_table.empty());
  norm.root_table = compress::make_root_table();
  norm.epsilon = std::int64_t{1} << 61;
  CHECK(back().root_table == norm.root_table);
  CHECK(back().epsilon == norm.epsilon);
}

TEST_CASE("damaged JSON of each member of each operation is refused with the place") {
  const Json json = compress::to_json(encoder());
  for (const std::size_t layer : {0, 1, 5, 7, 9}) {  // embedding, layer_norm, attention, add, mean
    for (const auto& [name, value] : json["layers"][layer].items()) {
      if (name == "from") continue;  // that its absence is noticed depends on the layer before
      CAPTURE(layer);
      CAPTURE(name);
      const std::string place = "layers[" + std::to_string(layer) + "]: " + name;
      CHECK(contains(refusal_of(json, layer, [&](Json& l) { l.erase(name); }), place + " is missing"));
      for (const Json& other : {Json(nullptr), Json(0.5), Json{{"a", 1}}}) {
        CHECK(contains(refusal_of(json, layer, [&](Json& l) { l[name] = other; }), place));
      }
      if (value.is_array()) CHECK(contains(refusal_of(json, layer, [&](Json& l) { l[name].push_back(1); }), "layers["));
    }
    CHECK(contains(refusal_of(json, layer, [](Json& l) { l["more"] = 1; }), "unknown name 'more'"));
  }
  for (const char* table : {"word", "position", "token_type"}) {
    for (const char* name : {"rows", "width", "codes", "shifts"}) {
      const std::string place = std::string("layers[0]: ") + table + ": " + name;
      const auto refusal = [&](auto change) { return refusal_of(json, 0, [&](Json& l) { change(l[table]); }); };
      CHECK(contains(refusal([&](Json& t) { t.erase(name); }), place + " is missing"));
      CHECK(contains(refusal([&](Json& t) { t[name] = "x"; }), place));
      CHECK(contains(refusal([&](Json& t) { t["more"] = 0; }), "unknown name 'more'"));
    }
  }
}

TEST_CASE("numbers of JSON beyond what an operation takes are refused with the rule and the number") {
  const Json json = compress::to_json(encoder());
  const auto refused = [&](std::size_t layer, const std::function<void(Json&)>& change, const std::string& sentence) {
    const std::string text = refusal_of(json, layer, change);
    INFO(text);
    CHECK_MESSAGE(contains(text, sentence), sentence);
  };
  refused(
      0, [](Json& l) { l["word"]["rows"] = 4194305; },
      "word: rows must be an integer between 1 and 4194304, got 4194305");
  refused(
      0, [](Json& l) { l["word"]["rows"] = 8; }, "word: codes must have 32 numbers, got 36");
  refused(
      0, [](Json& l) { l["word"]["shifts"][0] = 31; }, "word: shifts must be an integer between 0 and 30, got 31");
  refused(
      0, [](Json& l) { l["position"]["width"] = 17; }, "position: width must be an integer between 1 and 16, got 17");
  refused(
      0, [](Json& l) { l["position"]["codes"][2] = 40000; },
      "position: codes must be an integer between -32768 and 32767, got 40000");
  refused(
      1, [](Json& l) { l["gamma"][1] = 0.5; }, "gamma must be an integer between");
  refused(
      1,
      [](Json& l) {
        l["gamma"] = Json::array({1, 2, 3, 4, 5});
      },
      "gamma must have 4 numbers, got 5");
  refused(
      1, [](Json& l) { l["epsilon"] = -1; }, "epsilon must be an integer between 0 and 4611686018427387904, got -1");
  refused(
      1, [](Json& l) { l["epsilon"] = 18446744073709551615u; }, "epsilon must be an integer between");
  refused(
      1, [](Json& l) { l["root_table"] = Json::array({1}); }, "root_table must have 192 numbers, got 1");
  refused(
      5, [](Json& l) { l["heads"] = 3; }, "encoder: mix: 4 numbers cannot be parted into 3 heads");
  refused(
      5, [](Json& l) { l["longest"] = 65537; }, "longest must be an integer between 1 and 65536, got 65537");
  refused(
      5, [](Json& l) { l["multiplier"] = 32768; }, "multiplier must be an integer between 1 and 32767, got 32768");
  refused(
      5, [](Json& l) { l["exponentials"][255] = 65536; },
      "exponentials must be an integer between 0 and 65535, got 65536");
  refused(
      5, [](Json& l) { l["exponentials"].push_back(1); }, "exponentials must have 256 numbers, got 257");
  refused(
      7, [](Json& l) { l["from"] = Json::array({"norm1.0"}); }, "from must name 2 edges, got 1");
  refused(
      9, [](Json& l) { l["output"] = "fixed(8,60)"; }, "mean gives fixed(8,60)");
}
