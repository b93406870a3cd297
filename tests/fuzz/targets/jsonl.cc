// JSON lines, or an array of objects.
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/tables.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {

Target jsonl() {
  return {.name = "jsonl",
          .read = [](std::string_view bytes) { read_table(bytes.starts_with('[') ? "a.json" : "a.jsonl", bytes); },
          .mutated = mutated_json_lines};
}

}  // namespace ingot::fuzz
