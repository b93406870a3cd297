// ingot import: a Hugging Face folder becomes one of ours, which is such a folder with names of today.
#include <fmt/format.h>

#include "bert/structure.h"
#include "bert/tokenizers/tokenizer_folder.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "engine/base/error.h"
#include "engine/base/is_there.h"
#include "pipeline/model_folder.h"
#include "pipeline/output_lock.h"

namespace ingot::cli {
namespace fs = std::filesystem;
namespace {

struct ImportOptions {
  std::string from, to, tokenizer;
};

// Where the files beside the tokenizer are.
fs::path tokenizer_folder(const ImportOptions& o) {
  const fs::path source = o.tokenizer.empty() ? o.from : o.tokenizer;
  std::error_code ignored;
  return fs::is_directory(source, ignored) ? source : source.parent_path();
}

// The tokenizer that the model comes with, or the one that stands in for it; null if there is none.
std::unique_ptr<bert::Tokenizer> tokenizer_of(const ImportOptions& o) {
  if (o.tokenizer.empty() && !bert::holds_tokenizer(o.from)) return nullptr;
  try {
    return bert::load_tokenizer(o.tokenizer.empty() ? o.from : o.tokenizer);
  } catch (const engine::Error& error) {
    if (!o.tokenizer.empty()) throw;
    engine::fail("{} (another can stand in: --tokenizer FILE)", error.what());
  }
}

// Beside the model in `to`. The files that we read stay as they are; what came in others becomes these.
void write_tokenizer(const ImportOptions& o, const bert::Config& config, const bert::Tokenizer& tokenizer) {
  const fs::path folder = tokenizer_folder(o);
  if (o.tokenizer.empty() && engine::is_there(folder / tokenizer.file_name()))
    return pipeline::copy_tokenizer(folder, o.to);
  pipeline::save_tokenizer(o.to, tokenizer, pipeline::framing_for(folder, config, tokenizer, 0));
}

void run(const Command& command, const ImportOptions& o, const Common& common) {
  const fs::path from = o.from, to = o.to;
  pipeline::OutputLock lock(to, full_name(command));
  bert::Model model = bert::load_model(from);
  const compress::Compression compression = compress::load_compression(from, model);
  if (!lock.was_abandoned()) pipeline::check_free(to);  // half of what was broken off is written anew
  lock.stay_until_finished();
  const std::unique_ptr<bert::Tokenizer> tokenizer = tokenizer_of(o);
  if (tokenizer == nullptr) {
    say("note: there is no tokenizer in it, without which nothing but trace can use the model; give one with "
        "--tokenizer");
  } else {
    pipeline::check_vocabulary(model.config, *tokenizer, from.string());
    pipeline::framing_for(tokenizer_folder(o), model.config, *tokenizer, 0);
    if (const auto n = model.config.vocab_size - tokenizer->size(); n > 0)
      say(fmt::format("note: the model has {} rows more than its tokenizer has pieces (padding); no text reads them",
                      n));
  }
  if (!model.config.pooler) {
    say("note: it has no pooler; training a classifier from it begins with a new one");
  }
  bert::save_model(to, model);
  compress::save_compression(to, compression);
  if (tokenizer != nullptr) write_tokenizer(o, model.config, *tokenizer);
  const std::int64_t n = bert::n_parameters(model.config);
  lock.finished();
  finish(command, common, {}, {{"tensors", model.parameters().size()}, {"parameters", n}, {"out", to.string()}},
         fmt::format("{}: {} tensors, {} parameters\n", to.string(), model.parameters().size(), n));
}

}  // namespace

void add_import(Command& program) {
  Command& command =
      program.add_subcommand("import", "import a Hugging Face BERT (config.json, safetensors or .bin, vocab.txt)");
  const auto common = add_common(command);
  const auto o = std::make_shared<ImportOptions>();
  command.add_option("source", o->from, "the Hugging Face folder").required().type_name("HF_DIR");
  command.add_option("--out", o->to, "folder to write").required().type_name("DIR");
  command.add_option("--tokenizer", o->tokenizer, "vocab.txt or SentencePiece .model to use instead of the folder's")
      .type_name("FILE");
  set_action(command, "ingot import bert-tiny --out runs/bert-tiny", common,
             [&command, o, common] { run(command, *o, *common); });
}

}  // namespace ingot::cli
