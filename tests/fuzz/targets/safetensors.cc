#include "engine/io/safetensors.h"

#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {

Target safetensors() {
  return {.name = "safetensors",
          .read =
              [](std::string_view bytes) {
                const engine::Safetensors file(file_of("m.safetensors", bytes));
                for (const engine::SafetensorsEntry& entry : file.entries()) {
                  if (entry.dtype == "F32" || entry.dtype == "F16" || entry.dtype == "BF16") file.floats(entry);
                  if (entry.dtype == "I64" || entry.dtype == "I32" || entry.dtype == "U8" || entry.dtype == "BOOL")
                    file.integers(entry);
                  file.get(entry.name, "F32", {});
                }
              },
          .mutated = mutated_safetensors};
}

}  // namespace ingot::fuzz
