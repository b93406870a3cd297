// Graphs that know texts.
#include <doctest/doctest.h>

#include "compress/integer/runner.h"
#include "tests/compress/encoder.h"
#include "tests/support/error_text.h"

using namespace ingot;
using compress::Graph;
using test::contains;
using test::error_text;

TEST_CASE("rows of texts and rows of tokens do not meet, and a text has rows") {
  const auto graph_of_means = [](const char* second) {
    Graph graph{.name = "one"};
    const compress::FixedPoint format = test::fixed(8, 3);
    const std::size_t x = add_input(graph, {format, 2}),
                      mean =
                          add_node(graph, {.name = "mean", .kind = &compress::operation("mean")}, {x}, {{format, 2}});
    const bool adds = std::string(second) == "add";
    add_node(graph, {.name = "op", .kind = &compress::operation(second)},
             adds ? std::vector<std::size_t>{x, mean} : std::vector<std::size_t>{mean},
             {{adds ? test::fixed(9, 3) : format, 2}});
    return graph;
  };
  CHECK(contains(error_text([&] { compress::check(graph_of_means("add")); }),
                 "one: op: reads a row a text and a row a token"));
  CHECK(contains(error_text([&] { compress::check(graph_of_means("mean")); }),
                 "one: op: looks at the rows of a text, and reads one a text"));
  CHECK(error_text([&] { compress::check(graph_of_means("relu")); }) == "");

  const Graph good = graph_of_means("relu");
  compress::GraphRunner runner(good);
  const std::vector<compress::Codes> codes{{1, 2, 3, 4, 5, 6}};
  const auto refusal = [&](std::vector<std::int32_t> texts) { return error_text([&] { runner.run(codes, texts); }); };
  CHECK(refusal({0, 1, 3}) == "");
  for (const std::vector<std::int32_t>& texts : {std::vector<std::int32_t>{0, 0, 3}, {1, 3}, {0, 2, 1, 3}})
    CHECK(contains(refusal(texts), "one: texts must begin at row 0 and have at least a row each"));
  CHECK(contains(refusal({0, 2}), "one: texts have 2 rows, and the inputs 3"));
}

TEST_CASE("an edge without a sign has at most 31 bits, since codes have 32 with one") {
  Graph graph{.name = "one"};
  const std::size_t x = add_input(graph, {{32, 0, false, engine::Rounding::nearest_even}, 1});
  add_node(graph, {.name = "op", .kind = &compress::operation("mean")}, {x}, {{test::fixed(8, 0), 1}});
  CHECK(contains(error_text([&] { compress::check(graph); }),
                 "one: op: its input must have at most 31 bits without a sign, got 32"));
}
