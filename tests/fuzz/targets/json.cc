// Our JSON in all its readings: as files have it, as Python writes it, and written again.
#include "engine/io/json.h"

#include <stdexcept>

#include "search/history/json.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  search::parse_python_json(bytes, "a.json");
  const engine::Json value = engine::parse_json_or_null(bytes);
  const std::string text = value.dump({.indent = 1});
  if (engine::parse_json(text, "a.json") != value) throw std::logic_error("written JSON reads back as another value");
}

}  // namespace

Target json() { return {.name = "json", .read = read, .mutated = mutated_json}; }

}  // namespace ingot::fuzz
