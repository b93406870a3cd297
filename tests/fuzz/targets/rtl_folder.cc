// A folder of Verilog as `emit` writes it, opened as a stranger's: checksums are right again after a change.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "hw/emit/folder.h"
#include "hw/emit/manifest.h"
#include "tests/fuzz/several_files.h"

namespace ingot::fuzz {
namespace {

std::string with_checksums(std::string bytes) {
  std::vector<NamedFile> files = files_in(bytes);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const NamedFile& file : files)
    if (file.name != hw::kManifestFile)
      list.push_back({{"name", file.name},
                      {"bytes", file.bytes.size()},
                      {"hash", fmt::format("{:016x}", engine::content_hash(file.bytes))}});
  for (NamedFile& file : files) {
    if (file.name != hw::kManifestFile) continue;
    nlohmann::ordered_json manifest = nlohmann::ordered_json::parse(file.bytes, nullptr, false);
    if (!manifest.is_object()) continue;
    manifest["files"] = list;
    file.bytes = manifest.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  return joined(files);
}

std::string mutated_folder(std::string bytes, Rng& rng) {
  bytes = mutated_files(std::move(bytes), rng);
  return rng.below(8) == 0 ? bytes : with_checksums(std::move(bytes));
}

void read(std::string_view bytes) {
  const hw::EmittedRtl rtl = hw::open_rtl(folder_of(bytes));
  if (rtl.manifest.vectors) rtl.manifest.core ? void(hw::load_texts(rtl)) : void(hw::load_vectors(rtl));
  try {
    hw::open_emitted(rtl.folder);
  } catch (const engine::Error&) {
    // Its Verilog is not what emit makes of the graph.
  }
}

}  // namespace

Target rtl_folder() { return {.name = "rtl_folder", .read = read, .mutated = mutated_folder}; }

}  // namespace ingot::fuzz
