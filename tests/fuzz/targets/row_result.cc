// What the rows of a lab came to, as result.json of their commands says.
#include "labs/row_result.h"

#include "engine/io/json.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {

Target row_result() {
  return {.name = "row_result",
          .read =
              [](std::string_view bytes) {
                const engine::Json json = engine::parse_json(bytes, "result.json");
                labs::RowResult(json, "result.json");
              },
          .mutated = mutated_json};
}

}  // namespace ingot::fuzz
