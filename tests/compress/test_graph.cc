// The graph in integers against plain loops and doubles, and as JSON.
#include <doctest/doctest.h>

#include <cmath>

#include "compress/integer/fused_runner.h"
#include "compress/integer/names.h"
#include "compress/integer/ops/random_slopes.h"
#include "compress/integer/runner.h"
#include "engine/io/json.h"
#include "tests/compress/graphs.h"
#include "tests/support/error_text.h"

using namespace ingot;
using compress::Graph;
using compress::GraphRunner;
using engine::Rounding;
using test::contains;
using test::error_text;
using test::fixed;
using Codes = std::vector<std::int32_t>;

namespace {

// R and saturation by the C library: all numbers here are exact in long double.
std::int32_t oracle_code(long double v, const compress::FixedPoint& format) {
  const long double scaled = std::ldexp(v, format.frac_bits);
  const long double rounded = *format.rounding == Rounding::floor       ? std::floor(scaled)
                              : *format.rounding == Rounding::half_away ? std::round(scaled)
                                                                        : std::nearbyint(scaled);
  const long double highest = std::ldexp(1.0L, format.width - 1) - 1, lowest = -highest - 1;
  return static_cast<std::int32_t>(std::min(highest, std::max(lowest, rounded)));
}

// A Linear by its real numbers.
Codes oracle_linear(const test::ChainNode& node, const Codes& x) {
  const auto& linear = *node.node.as<compress::Linear>();
  const auto n = static_cast<std::size_t>(linear.n), k = static_cast<std::size_t>(linear.k);
  Codes y;
  for (std::size_t i = 0; i < x.size() / k; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const int sum_frac = node.in.format.frac_bits + linear.weight_frac_bits[j];
      long double sum = std::ldexp(static_cast<long double>(linear.bias[j]), -sum_frac);
      for (std::size_t p = 0; p < k; ++p) {
        sum += std::ldexp(static_cast<long double>(x[i * k + p]), -node.in.format.frac_bits) *
               std::ldexp(static_cast<long double>(linear.weights[j * k + p]), -linear.weight_frac_bits[j]);
      }
      y.push_back(oracle_code(sum, node.out.format));
    }
  }
  return y;
}

// x + y and x - y, saturated: an operation of two inputs and two outputs.
class SumAndDifference : public compress::Evaluator {
 public:
  std::vector<Codes> run(std::span<const Codes* const> in, compress::Texts) override {
    std::vector<Codes> out(2);
    for (std::size_t i = 0; i < in[0]->size(); ++i) {
      const std::int32_t x = (*in[0])[i], y = (*in[1])[i];
      out[0].push_back(std::clamp(x + y, -128, 127));
      out[1].push_back(std::clamp(x - y, -128, 127));
    }
    return out;
  }
};

const compress::OperationKind kSumAndDifference{
    .name = "sum_and_difference",
    .check = [](const std::string&, const compress::Layer&) {},
    .write = [](const compress::Layer&, engine::Json&) {},
    .read = nullptr,
    .describe = nullptr,
    .evaluator = [](const compress::Layer&) -> std::unique_ptr<compress::Evaluator> {
      return std::make_unique<SumAndDifference>();
    },
    .n_inputs = 2,
    .n_outputs = 2};

}  // namespace

TEST_CASE("a Linear of the graph gives the rounded and saturated real sums, by kernels and by plain loops") {
  struct Case {
    int input, weight, output;
    bool per_channel;
    Rounding rounding;
  };
  const Case cases[] = {{8, 8, 8, false, Rounding::floor},        {8, 8, 8, true, Rounding::nearest_even},
                        {4, 3, 10, true, Rounding::half_away},    {10, 8, 9, true, Rounding::nearest_even},
                        {16, 16, 16, false, Rounding::half_away}, {2, 2, 2, true, Rounding::floor},
                        {12, 5, 16, true, Rounding::nearest_even}};
  engine::Rng rng(1);
  for (const Case& c : cases) {
    CAPTURE(c.input);
    CAPTURE(c.weight);
    const test::ChainNode node = test::linear_node(rng, "fc", 13, 9, fixed(c.input, c.input - 3),
                                                   fixed(c.output, 2, c.rounding), c.weight, c.per_channel);
    const Graph graph = test::only(node);
    compress::check(graph);
    Codes x = test::draw_codes(rng, node.in.format, 13 * 50);
    std::fill_n(x.begin(), 13, engine::code_range(c.input, true).lowest);
    const Codes expected = oracle_linear(node, x);
    CHECK(GraphRunner(graph).run(x) == expected);
    CHECK(compress::FusedRunner(graph).run({&x, 1}).front() == expected);
  }
}

TEST_CASE("tables hold what the engine computes for every code") {
  for (const char* name : {"gelu", "gelu_new", "tanh"}) {
    for (const int width : {2, 8, 10}) {
      const compress::FixedPoint in = fixed(width, width - 4), out = fixed(8, 5);
      const Graph graph = test::only(test::activation_node("act", name, 1, in, out));
      compress::check(graph);
      Codes x;
      for (std::int64_t c = in.codes().lowest; c <= in.codes().highest; ++c) x.push_back(static_cast<std::int32_t>(c));
      const Codes y = GraphRunner(graph).run(x);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double v = std::ldexp(x[i], -in.frac_bits);
        const double f = std::string_view(name) == "tanh" ? std::tanh(v)
                         : std::string_view(name) == "gelu"
                             ? v * 0.5 * std::erfc(-v / std::sqrt(2.0))
                             : 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
        // Half a unit, and what float32 may be off.
        const double exact = std::clamp(std::ldexp(f, out.frac_bits), -128.0, 127.0);
        CHECK(std::abs(y[i] - exact) <= 0.5 + 1e-4);
      }
    }
  }
}

TEST_CASE("relu and fixed slopes on every code of 8 bits") {
  Codes x;
  for (int c = -128; c < 128; ++c) x.push_back(c);
  for (const Rounding rounding : {Rounding::floor, Rounding::nearest_even, Rounding::half_away}) {
    const compress::FixedPoint format = fixed(8, 3, rounding);
    const Graph relu = test::only(test::activation_node("act", "relu", 1, format, format));
    const Graph rrelu = test::only(test::activation_node("act", "rrelu", 1, format, format));
    const Codes a = GraphRunner(relu).run(x), b = GraphRunner(rrelu).run(x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      CHECK(a[i] == std::max(x[i], 0));
      const long double v = x[i] < 0 ? x[i] * 939.0L / 4096 : x[i];
      CHECK(b[i] == oracle_code(std::ldexp(v, -3), format));
    }
  }
  CHECK(939.0 / 4096 == doctest::Approx((1.0 / 8 + 1.0 / 3) / 2).epsilon(1e-3));
}

TEST_CASE("the lab's RReLU gives the published beats, goes on from call to call and begins anew when reset") {
  test::ChainNode node = test::activation_node("act", "rrelu_lab", 8, fixed(8, 3), fixed(8, 3));
  node.node.parallelism = {4, 4};
  const Graph graph = test::only(node);
  GraphRunner runner(graph);
  const Codes x{-8, -3, -2, -2, 0, 1, 6, 0};
  CHECK(runner.run(x) == Codes{-3, -1, -1, -1, 0, 1, 6, 0});
  CHECK(runner.run(x) == Codes{-2, -1, -1, -1, 0, 1, 6, 0});  // slope 9/64
  runner.reset();
  CHECK(runner.run(x) == Codes{-3, -1, -1, -1, 0, 1, 6, 0});
  node.node.parallelism = {};
  const Graph unchosen = test::only(node);
  CHECK(contains(error_text([&] { GraphRunner{unchosen}; }), "parallelism must be chosen"));
}

TEST_CASE("uniform slopes are spread over [1/8, 1/3] and do not depend on each other") {
  compress::UniformSlopes slopes(1, 6);
  double sum = 0, square = 0, lagged = 0, across = 0, last = 0;
  int lowest = 1 << 20, highest = 0;
  const int n = 20000;
  for (int i = 0; i < n; ++i) {
    const double mean = (1.0 / 8 + 1.0 / 3) / 2, s = slopes.slope(0) / 4096.0 - mean,
                 t = slopes.slope(5) / 4096.0 - mean;
    sum += s;
    square += s * s;
    lagged += s * last;
    across += s * t;
    last = s;
    lowest = std::min(lowest, slopes.slope(0));
    highest = std::max(highest, slopes.slope(0));
    slopes.step();
  }
  CHECK(lowest == 513);
  CHECK(highest == 1365);
  CHECK(std::abs(sum / n) < 0.002);  // 4 standard errors of a uniform number over 5/24
  CHECK(std::abs(lagged / square) < 0.03);
  CHECK(std::abs(across / square) < 0.03);
}

TEST_CASE("a chain hands codes from layer to layer, and JSON brings back the same chain") {
  engine::Rng rng(2);
  for (const char* name : {"relu", "leaky_relu", "rrelu", "rrelu_lab", "rrelu_uniform", "gelu", "tanh"}) {
    Graph graph = test::mlp(rng, name, 6, 10, 4);
    for (compress::Node& node : graph.nodes) node.parallelism = {2, 2};
    compress::check(graph);
    const Codes x = test::draw_codes(rng, graph.input(), 6 * 20);
    Codes y = x;
    for (const compress::Layer& layer : compress::layers(graph)) {
      const Graph one = test::only({layer.node(), layer.in(), layer.out()});
      y = GraphRunner(one).run(y);
    }
    CHECK(GraphRunner(graph).run(x) == y);
    const engine::Json json = compress::to_json(graph);
    const Graph again = compress::graph_of(engine::Json::parse(json.dump()), "g");
    CHECK(compress::to_json(again) == json);
    CHECK(GraphRunner(again).run(x) == y);
  }
}

TEST_CASE("nodes of several inputs and outputs, and graphs of several ports, are computed edge by edge") {
  const compress::FixedPoint format = fixed(8, 3);
  const compress::Edge edge{format, 2};
  Graph graph{.name = "branches"};
  const std::size_t a = compress::add_input(graph, edge), b = compress::add_input(graph, edge);
  const std::size_t sum = compress::add_node(graph, {.name = "both", .kind = &kSumAndDifference}, {a, b}, {edge, edge});
  const std::size_t positive = compress::add_node(graph, {.name = "act", .kind = &compress::operation("relu")},
                                                  {graph.nodes[0].outputs[1]}, {edge});
  compress::add_node(graph, {.name = "last", .kind = &kSumAndDifference}, {positive, sum}, {edge, edge});
  graph.outputs.push_back(a);
  compress::check(graph);
  CHECK_FALSE(compress::is_chain(graph));
  const std::vector<Codes> inputs{{1, -5, 7, 2}, {3, 4, -2, 1}};
  const std::vector<Codes> outputs = GraphRunner(graph).run(inputs);
  REQUIRE(outputs.size() == 3);
  for (std::size_t i = 0; i < 4; ++i) {
    const std::int32_t x = inputs[0][i], y = inputs[1][i], rest = std::max(x - y, 0);
    CHECK(outputs[0][i] == rest + (x + y));
    CHECK(outputs[1][i] == rest - (x + y));
    CHECK(outputs[2][i] == x);
  }
  // In JSON a node names what it reads where that is not the one before, and a graph what it gives.
  const engine::Json json = compress::to_json(graph);
  CHECK(json["layers"][0]["from"] == engine::Json{"in.0", "in.1"});
  CHECK(json["layers"][1]["from"] == engine::Json{"both.1"});
  CHECK(json["layers"][2]["from"] == engine::Json{"act.0", "both.0"});
  CHECK(json["outputs"] == engine::Json{"last.0", "last.1", "in.0"});
  CHECK(contains(error_text([&] {
                   GraphRunner(graph).run(std::vector<Codes>{{1, 2}, {3, 4, 5, 6}});
                 }),
                 "input 1 has 2 vectors, and input 0 1"));
  CHECK(contains(error_text([&] { GraphRunner(graph).run(std::vector<Codes>{{1, 2}}); }), "has 2 inputs, got 1"));
}

TEST_CASE("branches of a graph are read from JSON, and what they name must be given before") {
  engine::Rng rng(4);
  Graph graph{.name = "branches"};
  test::push(graph, test::linear_node(rng, "fc1", 4, 6, fixed(8, 4), fixed(8, 3)));
  const std::size_t hidden = graph.outputs.front();
  test::push(graph, test::activation_node("act", "tanh", 6, fixed(8, 3), fixed(8, 6)));
  const std::size_t act = graph.outputs.front();
  const test::ChainNode other = test::linear_node(rng, "fc2", 6, 3, fixed(8, 3), fixed(8, 2));
  compress::add_node(graph, other.node, {hidden}, {other.out});
  graph.outputs.push_back(act);
  compress::check(graph);
  engine::Json json = compress::to_json(graph);
  const Graph again = compress::graph_of(json, "g");
  CHECK(compress::to_json(again) == json);
  const std::vector<Codes> x{test::draw_codes(rng, fixed(8, 4), 4 * 9)};
  CHECK(GraphRunner(again).run(x) == GraphRunner(graph).run(x));
  const auto refusal = [&](auto change) {
    engine::Json damaged = json;
    change(damaged);
    return error_text([&] { compress::graph_of(damaged, "g"); });
  };
  CHECK(contains(refusal([](engine::Json& j) { j["layers"][2]["from"] = {"fc3.0"}; }),
                 "layers[2]: from: nothing before it gives 'fc3.0'"));
  CHECK(contains(refusal([](engine::Json& j) { j["layers"][2]["from"] = {"fc2.0"}; }), "gives 'fc2.0'"));
  CHECK(contains(refusal([](engine::Json& j) { j["layers"][2]["from"] = {"act.0"}; }),
                 "branches: fc2: takes fixed(8,3), act gives fixed(8,6)"));
  CHECK(contains(refusal([](engine::Json& j) {
                   j["layers"][2]["from"] = {"fc1.0", "act.0"};
                 }),
                 "from must name 1 edges, got 2"));
  CHECK(contains(refusal([](engine::Json& j) { j["outputs"] = {"fc2.1"}; }), "outputs: nothing before it gives"));
  CHECK(contains(refusal([](engine::Json& j) { j["layers"][1]["inputs"] = 5; }),
                 "branches: act: takes 5 numbers, fc1 gives 6"));
}

TEST_CASE("what does not fit is refused with its place, the rule and both values") {
  engine::Rng rng(3);
  const Graph good = test::mlp(rng, "relu", 6, 10, 4);
  const auto refusal = [&](auto change) {
    Graph graph = good;
    change(graph);
    return error_text([&] { compress::check(graph); });
  };
  CHECK(refusal([](Graph&) {}).empty());
  CHECK(contains(refusal([](Graph& g) { g.nodes.clear(); }), "mlp: has no layers"));
  CHECK(contains(refusal([](Graph& g) { g.nodes[1].name = "a-b"; }), "got 'a-b'"));
  CHECK(contains(refusal([](Graph& g) { g.name = "mlp\nendmodule"; }), "graph: a name must be at most 64 letters"));
  CHECK(
      contains(refusal([](Graph& g) { g.nodes.resize(1025, g.nodes[1]); }), "must have at most 1024 layers, got 1025"));
  CHECK(contains(refusal([](Graph& g) { g.nodes[1].name = "fc1"; }), "mlp: fc1: two layers have that name"));
  CHECK(contains(refusal([](Graph& g) { g.nodes[0].as<compress::Linear>()->weights[7] = 128; }),
                 "mlp: fc1: weight [1,1] must be a code of 8 bits, got 128"));
  CHECK(
      contains(refusal([](Graph& g) { g.edges[1].size = 3; }), "is a Linear of 6 inputs and 10 outputs, not 6 and 3"));
  CHECK(
      contains(refusal([](Graph& g) { g.edges[2].size = 3; }), "act: gives as many numbers as it takes, not 3 for 10"));
  CHECK(contains(refusal([](Graph& g) { g.edges[2].format.frac_bits = 5; }),
                 "act: relu keeps its format, got fixed(8,3) and fixed(8,5)"));
  CHECK(contains(refusal([](Graph& g) {
                   g.nodes[0].parallelism = {4, 2};
                 }),
                 "its 6 inputs do not divide into beats of 4"));
  CHECK(contains(refusal([](Graph& g) {
                   g.nodes[0].parallelism = {3, 4};
                 }),
                 "its 10 outputs do not divide into beats of 4"));
  CHECK(contains(error_text([] { compress::operation("swish"); }), "must be one of linear, relu, leaky_relu, "));
  CHECK(contains(refusal([](Graph& g) {
                   const test::ChainNode act = test::activation_node("act", "tanh", 10, fixed(8, 3), fixed(8, 3));
                   g.nodes[1].kind = act.node.kind;
                   g.nodes[1].data = act.node.data;
                   g.nodes[1].as<compress::Table>()->codes.pop_back();
                 }),
                 "must have 256 entries, got 255"));
  CHECK(contains(error_text([&] { GraphRunner(good).run(Codes{1, 2, 3}); }), "vectors of 6 codes, got 3"));
  CHECK(contains(error_text([&] { GraphRunner(good).run(Codes{1, 2, 3, 4, 5, 128}); }), "got 128"));
}

TEST_CASE(
    "names hold letters, digits, _ and dots, but no dot in front; identifiers neither dots nor a digit in front") {
  const std::string allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
  for (int byte = 0; byte < 256; ++byte) {
    CAPTURE(byte);
    const char c = static_cast<char>(byte);
    const bool is_allowed = allowed.find(c) != std::string::npos, is_digit = c >= '0' && c <= '9';
    CHECK(compress::is_plain(std::string("a") + c) == is_allowed);
    CHECK(compress::is_plain(std::string(1, c)) == (is_allowed && c != '.'));
    CHECK(compress::is_identifier(std::string("a") + c) == (is_allowed && c != '.'));
    CHECK(compress::is_identifier(std::string(1, c)) == (is_allowed && c != '.' && !is_digit));
  }
  CHECK_FALSE(compress::is_plain(""));
  CHECK(compress::is_plain(std::string(64, 'a')));
  CHECK_FALSE(compress::is_plain(std::string(65, 'a')));
  CHECK(compress::is_plain(std::string(65, 'a'), 65));
}

TEST_CASE("fraction bits of weights are read from -95 to 126, and no further") {
  engine::Rng rng(4);
  const engine::Json json = compress::to_json(test::mlp(rng, "relu", 6, 10, 4));
  const auto refusal = [&](int bits) {
    engine::Json changed = json;
    changed["layers"][0]["weight_frac_bits"][3] = bits;
    return error_text([&] { compress::graph_of(changed, "g"); });
  };
  const std::string rule = "weight_frac_bits must be an integer between -95 and 126, got ";
  for (const int bits : {-96, 127}) CHECK(contains(refusal(bits), rule + std::to_string(bits)));
  for (const int bits : {-95, 126}) CHECK_FALSE(contains(refusal(bits), rule));
}
