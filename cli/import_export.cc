// ingot import and ingot export: Hugging Face folders, both ways. Our checkpoints are such folders, so both read, check
// and write; import also brings old tensor names up to date.
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/model_folder.h"
#include "compress/lower/integer_model.h"
#include "compress/packed/model.h"
#include "engine/base/error.h"
#include "engine/base/files.h"

namespace ingot::cli {
namespace fs = std::filesystem;
namespace {

void copy_if_present(const fs::path& from, const fs::path& to, const char* file) {
  if (fs::exists(from / file)) engine::write_file(to / file, engine::read_file(from / file));
}

void check_free(const fs::path& to) {
  for (const char* file :
       {"config.json", "model.safetensors", "packed.safetensors", "compression.json", "training.safetensors"}) {
    engine::require(!fs::exists(to / file), "{}: holds a model or a run already; choose another folder", to.string());
  }
}

constexpr const char* kTokenizerFiles[] = {"vocab.txt", "tokenizer.model", "tokenizer_config.json"};

void transfer(const CLI::App& command, const fs::path& from, const fs::path& to, const Common& common) {
  bert::Model model = bert::load_model(from);
  const compress::Compression compression = compress::load_compression(from, model);
  check_free(to);
  if (fs::exists(from / "vocab.txt") || fs::exists(from / "tokenizer.model")) {
    check_vocabulary(model.config, *bert::load_tokenizer(from), from.string());
  }
  if (model.config.pooling == bert::Pooling::mean) {
    say("note: this classifier reads the mean of a text's tokens; Hugging Face's BertForSequenceClassification reads "
        "the first");
  }
  if (!compression.empty()) {
    say("note: the weights are written in float32; the formats and masks beside them are read by ingot alone");
  }
  bert::save_model(to, model);
  compress::save_compression(to, compression);
  for (const char* file : kTokenizerFiles) copy_if_present(from, to, file);
  std::int64_t n = 0;
  for (const engine::Parameter& p : model.parameters()) n += p.variable.value().size();
  finish(command, common, {}, {{"tensors", model.parameters().size()}, {"parameters", n}, {"out", to.string()}},
         fmt::format("{}: {} tensors, {} parameters\n", to.string(), model.parameters().size(), n));
}

// Of the model as integers in memory; 0 if it has no layer that runs in integers.
std::size_t program_bytes(CompressedModel& compressed) {
  if (compressed.model.config.task != bert::Task::sequence_classification) return 0;
  return compress::IntegerModel(compressed.model, compress::lower(compressed.model, compressed.compression)).bytes();
}

// Packed codes instead of floats.
void pack(const CLI::App& command, const fs::path& from, const fs::path& to, const Common& common) {
  CompressedModel compressed = load_compressed_model(from);
  check_free(to);
  compress::save_packed(to, compressed.model, compressed.compression);
  for (const char* file : kTokenizerFiles) copy_if_present(from, to, file);
  const auto n_bytes = static_cast<std::int64_t>(fs::file_size(to / "packed.safetensors"));
  std::int64_t n = 0;
  for (const engine::Parameter& p : compressed.model.parameters()) n += p.variable.value().size();
  finish(command, common, {},
         {{"parameters", n},
          {"packed_bytes", n_bytes},
          {"float_bytes", 4 * n},
          {"program_bytes", program_bytes(compressed)},
          {"out", to.string()}},
         fmt::format("{}: {} parameters in {} bytes, {:.1f} times smaller than float32\n", to.string(), n, n_bytes,
                     4.0 * static_cast<double>(n) / static_cast<double>(n_bytes)));
}

}  // namespace

void add_import(CLI::App& program) {
  CLI::App& command =
      *program.add_subcommand("import", "bring a Hugging Face BERT in (config.json, model.safetensors, vocab.txt)");
  const auto common = add_common(command);
  const auto from = std::make_shared<std::string>(), to = std::make_shared<std::string>();
  command.add_option("source", *from, "the Hugging Face folder")->required()->type_name("HF_DIR");
  command.add_option("--out", *to, "folder to write")->required()->type_name("DIR");
  set_action(command, "ingot import bert-tiny --out runs/bert-tiny", common,
             [&command, from, to, common] { transfer(command, *from, *to, *common); });
}

void add_export(CLI::App& program) {
  CLI::App& command = *program.add_subcommand("export", "write a model as a Hugging Face folder, or as packed codes");
  const auto common = add_common(command);
  const auto from = std::make_shared<std::string>(), to = std::make_shared<std::string>();
  command.add_option("model", *from, "folder of a run or a checkpoint")->required()->type_name("DIR");
  command.add_option("target", *to, "folder to write")->required()->type_name("OUT");
  const auto packed = std::make_shared<bool>(false);
  command.add_flag("--packed", *packed, "as packed codes, which eval and predict read: what a compressed model weighs");
  set_action(command, "ingot export runs/imdb imdb-bert", common, [&command, from, to, packed, common] {
    const fs::path folder = resolve_model_folder(*from);
    const std::size_t n_identities = bert::read_config(folder / "config.json").identities.size();
    engine::require(*packed || n_identities == 0,
                    "{}: leaves out {} Linear layers, which Hugging Face's BERT cannot; --packed can", folder.string(),
                    n_identities);
    (*packed ? pack : transfer)(command, folder, *to, *common);
  });
}

}  // namespace ingot::cli
