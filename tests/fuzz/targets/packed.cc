// A model as packed codes: config.json, compression.json, packed.safetensors.
#include "compress/packed/model.h"
#include "tests/fuzz/several_files.h"

namespace ingot::fuzz {

Target packed() {
  return {.name = "packed",
          .read = [](std::string_view bytes) { compress::load_packed(folder_of(bytes)); },
          .mutated = mutated_files,
          .most_memory = std::size_t{32} << 20};  // docs/limits.md: 16 MiB beside the multiple
}

}  // namespace ingot::fuzz
