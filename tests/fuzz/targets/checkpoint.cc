// A model folder of Hugging Face: config.json with safetensors, in one file or in shards.
#include "bert/checkpoint.h"

#include "tests/fuzz/several_files.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  const std::filesystem::path folder = folder_of(bytes);
  const bert::Config config = bert::read_config(folder / "config.json");
  bert::has_pooler(folder);
  bert::weights_fingerprint(folder);
  bert::read_checkpoint(folder, config, bytes.size() % 2 == 0);
}

}  // namespace

Target checkpoint() { return {.name = "checkpoint", .read = read, .mutated = mutated_files}; }

}  // namespace ingot::fuzz
