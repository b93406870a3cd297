#include "hw/emit/manifest.h"

#include <stdexcept>

#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  const hw::Manifest manifest = hw::manifest_of(std::string(bytes), "manifest.json");
  const std::string text = hw::to_text(manifest);
  if (hw::to_text(hw::manifest_of(text, "manifest.json")) != text)
    throw std::logic_error("a written manifest reads back as another");
}

}  // namespace

Target manifest() { return {.name = "manifest", .read = read, .mutated = mutated_json}; }

}  // namespace ingot::fuzz
