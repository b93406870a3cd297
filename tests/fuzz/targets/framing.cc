// How texts are cut for a model, as its tokenizer_config.json says.
#include "bert/config.h"
#include "bert/tokenizers/tokenizer.h"
#include "pipeline/model_folder.h"
#include "tests/fuzz/several_files.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  const std::filesystem::path folder = folder_of(bytes);
  const bert::Config config = bert::read_config(pipeline::resolve_model_folder(folder) / "config.json");
  const std::unique_ptr<bert::Tokenizer> tokenizer = bert::load_tokenizer(folder);
  pipeline::check_vocabulary(config, *tokenizer, "model");
  pipeline::framing_for(folder, config, *tokenizer, 0);
}

}  // namespace

Target framing() { return {.name = "framing", .read = read, .mutated = mutated_files}; }

}  // namespace ingot::fuzz
