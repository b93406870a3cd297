#include "compress/lower/model_file.h"

#include <fmt/format.h>

#include "compress/integer/fields.h"
#include "compress/integer/model_weights.h"
#include "compress/integer/names.h"
#include "compress/integer/operation.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/io/json.h"
#include "engine/io/toml.h"

namespace ingot::compress {
namespace fs = std::filesystem;
namespace {

std::string described_operations() {
  std::string names;
  for (const OperationKind* kind : operations()) {
    if (kind->describe != nullptr) names += (names.empty() ? "" : ", ") + std::string(kind->name);
  }
  return names;
}

using engine::Json;
using engine::require;

void node_in(Graph& graph, const Json& object, const std::string& where, const FixedPoint& first,
             ModelWeights& weights) {
  Fields fields(object, where);
  const bool is_first = graph.nodes.empty();
  const Edge before = is_first ? Edge{first, fields.integer(fields.has("size") ? "size" : "inputs", 1, kMaxRow)}
                               : graph.edges[graph.outputs.front()];
  Node node{.name = fields.text("name")};
  Edge output = before;
  if (fields.has("output")) output.format = fixed_in(fields, "output");
  const std::string type = fields.text("type");
  node.kind = find_operation(type);
  require(node.kind != nullptr && node.kind->describe != nullptr, "{}: must be {}, got '{}'", fields.place("type"),
          described_operations(), type);
  if (!is_first && fields.has("inputs"))
    require(fields.integer("inputs", 1, kMaxRow) == before.size, "{}: must be the {} that come before, got {}",
            fields.place("inputs"), before.size, engine::shown(fields.value("inputs")));
  node.data = node.kind->describe(*node.kind, fields, {node.name, before, output, weights});
  append(graph, std::move(node), before, output);
  fields.end();
}

std::vector<std::int32_t> vectors_in(const Json& rows, const std::string& where, const Graph& graph) {
  const engine::CodeRange range = graph.input().codes();
  std::vector<std::int32_t> codes;
  for (const Json& row : rows) {
    require(row.is_array() && static_cast<std::int64_t>(row.size()) == graph.n_in(),
            "{}: each must be {} codes, got {}", where, graph.n_in(),
            row.is_array() ? fmt::format("{}", row.size()) : engine::shown(row));
    for (const Json& code : row) {
      const bool ok = code.is_number_integer() &&
                      !(code.is_number_unsigned() && code.get<std::uint64_t>() > INT32_MAX) &&
                      code.get<std::int64_t>() >= range.lowest && code.get<std::int64_t>() <= range.highest;
      require(ok, "{}: must be codes of {}, got {}", where, to_string(graph.input()), engine::shown(code));
      codes.push_back(code.get<std::int32_t>());
    }
  }
  return codes;
}

}  // namespace

ModelFile parse_model(const std::string& text, const std::string& subject, const fs::path& folder, std::uint64_t seed) {
  const Json object = engine::parse_toml(text, subject);
  Fields fields(object, subject);
  ModelFile model{.graph = {.name = fields.text("name")}};
  check_plain(fields.place("name"), model.graph.name);
  const FixedPoint input = fixed_in(fields, "input");
  const std::string file = fields.text_or("weights", ""), drawn = fields.text_or("draw", "");
  require(drawn.empty() || drawn == "all_codes", "{}: must be \"all_codes\", got '{}'", fields.place("draw"), drawn);
  require(drawn.empty() || file.empty(), "{}: nothing is drawn where weights come from a file; leave one of both out",
          fields.place("draw"));
  ModelWeights weights(file, folder, drawn == "all_codes", seed);
  const Json& layers = fields.array("layers");
  require(!layers.empty() && layers.size() <= kMaxLayers, "{}: there must be 1 to {}, got {}", fields.place("layers"),
          kMaxLayers, layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string where = fmt::format("{}: layers[{}]", subject, i);
    node_in(model.graph, layers[i], where, input, weights);
  }
  if (fields.has("vectors")) model.vectors = vectors_in(fields.array("vectors"), fields.place("vectors"), model.graph);
  fields.end();
  engine::with_subject(subject, [&] { check(model.graph); });
  return model;
}

ModelFile read_model_file(const fs::path& path, std::uint64_t seed) {
  return parse_model(engine::read_file(path), path.string(), path.parent_path(), seed);
}

}  // namespace ingot::compress
