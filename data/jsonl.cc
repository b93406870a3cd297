#include <nlohmann/json.hpp>

#include "data/table.h"
#include "data/utf8.h"
#include "engine/base/error.h"

namespace ingot::data {
using engine::require;
using Json = nlohmann::json;

namespace {

// Where in the file a message points to.
struct Place {
  const std::string& file;
  std::size_t line;
};

Json parse_object(std::string_view line, Place place) {
  int n_texts = 0;
  int n_labels = 0;
  const auto count_keys = [&](int depth, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::key && depth == 1) {
      n_texts += value == "text" ? 1 : 0;
      n_labels += value == "label" ? 1 : 0;
    }
    return true;
  };
  const Json object = Json::parse(line.begin(), line.end(), count_keys, /*allow_exceptions=*/false);
  const bool whole = line.find('\0') == line.npos;  // the parser would take a zero byte for the end
  require(object.is_object() && whole, "{}: line {}: must be one JSON object, got '{}'", place.file, place.line,
          excerpt(line));
  require(n_texts <= 1 && n_labels <= 1, "{}: line {}: keys must not repeat, got text {} times, label {} times",
          place.file, place.line, n_texts, n_labels);
  return object;
}

std::string label_of(const Json& object, Place place) {
  const auto found = object.find("label");
  const bool missing = found == object.end() || found->is_null() || *found == "";
  require(!missing, "{}: line {}: a row must have a label, got none", place.file, place.line);
  if (found->is_string()) return found->get<std::string>();
  require(found->is_number_integer(), "{}: line {}: label must be a string or an integer, got {}", place.file,
          place.line, excerpt(found->dump()));
  return found->dump();
}

}  // namespace

std::vector<Row> parse_jsonl(std::string_view bytes, const std::string& file, Labels labels) {
  std::vector<Row> rows;
  for (std::size_t line_number = 1; !bytes.empty(); ++line_number) {
    const std::string_view line = take_line(bytes);
    const Place place{file, line_number};
    Json object = parse_object(line, place);
    const auto text = object.find("text");
    require(text != object.end(), "{}: line {}: a row must have the key text, got none", file, line_number);
    require(text->is_string(), "{}: line {}: text must be a string, got {}", file, line_number, excerpt(text->dump()));
    Row row{.text = text->get<std::string>(), .label = {}, .line = line_number};
    if (labels == Labels::required) row.label = label_of(object, place);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace ingot::data
