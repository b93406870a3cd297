#include "bert/config.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {

Target config_json() {
  return {.name = "config_json",
          .read = [](std::string_view bytes) { bert::read_config(file_of("config.json", bytes)); },
          .mutated = mutated_json};
}

}  // namespace ingot::fuzz
