// Which texts a model has seen.
#include "pipeline/seen_texts.h"

#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  file_of("seen_texts.safetensors", bytes);
  const pipeline::SeenTexts seen = pipeline::load_seen_texts(folder());
  pipeline::merged(seen, seen);
}

}  // namespace

Target seen_texts() { return {.name = "seen_texts", .read = read, .mutated = mutated_safetensors}; }

}  // namespace ingot::fuzz
