#include "pipeline/seen_texts.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "engine/base/is_there.h"
#include "engine/io/safetensors.h"

namespace ingot::pipeline {
namespace {

namespace fs = std::filesystem;
using Hashes = std::vector<std::uint64_t>;

constexpr const char* kFile = "seen_texts.safetensors";

Hashes sorted(Hashes hashes) {
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return hashes;
}

Hashes hashes_of(const bert::Subset& subset) {
  Hashes hashes;
  for (const std::size_t i : subset.examples) hashes.push_back(subset.part->hashes[i]);
  return sorted(std::move(hashes));
}

Hashes together(const Hashes& a, const Hashes& b) {
  Hashes all;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all));
  return all;
}

Hashes read(const engine::Safetensors& file, const char* name) {
  const std::vector<std::int64_t> values = file.integers(file.get(name, "I64"));
  return sorted({values.begin(), values.end()});
}

}  // namespace

SeenTexts seen_texts(const bert::Subset& training, const bert::Subset& validation) {
  return {hashes_of(training), hashes_of(validation)};
}

SeenTexts merged(const SeenTexts& before, const SeenTexts& now) {
  return {together(before.trained, now.trained), together(before.validated, now.validated)};
}

void save_seen_texts(const fs::path& folder, const SeenTexts& seen) {
  const auto entry = [](const char* name, const Hashes& hashes) {
    return engine::SafetensorsEntry{
        name, "I64", {static_cast<std::int64_t>(hashes.size())}, std::as_bytes(std::span(hashes))};
  };
  const std::vector<engine::SafetensorsEntry> entries{entry("trained", seen.trained),
                                                      entry("validated", seen.validated)};
  engine::write_safetensors(folder / kFile, entries);
}

SeenTexts load_seen_texts(const fs::path& folder) {
  if (!engine::is_there(folder / kFile)) return {};
  const engine::Safetensors file(folder / kFile);
  return {read(file, "trained"), read(file, "validated")};
}

Overlap overlap(const bert::TokenPart& part, const SeenTexts& seen) {
  Overlap found;
  for (const std::uint64_t hash : part.hashes) {
    if (std::binary_search(seen.trained.begin(), seen.trained.end(), hash)) {
      ++found.trained;
    } else if (std::binary_search(seen.validated.begin(), seen.validated.end(), hash)) {
      ++found.validated;
    }
  }
  return found;
}

}  // namespace ingot::pipeline
