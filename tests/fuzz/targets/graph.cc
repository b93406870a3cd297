// graph.json of emitted folders, and the same graph written again.
#include "compress/integer/graph.h"

#include <stdexcept>

#include "engine/io/json.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  const compress::Graph graph = compress::graph_of(engine::parse_json(bytes, "graph.json"), "graph.json");
  const engine::Json json = compress::to_json(graph);
  if (compress::to_json(compress::graph_of(json, "graph.json")) != json)
    throw std::logic_error("a written graph reads back as another");
}

}  // namespace

Target graph() { return {.name = "graph", .read = read, .mutated = mutated_json}; }

}  // namespace ingot::fuzz
