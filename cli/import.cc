// ingot import: a Hugging Face folder becomes one of ours, which is such a folder with names of today.
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/model_folder.h"
#include "cli/output_lock.h"
#include "engine/base/error.h"

namespace ingot::cli {
namespace fs = std::filesystem;
namespace {

struct ImportOptions {
  std::string from, to;
};

void run(const CLI::App& command, const ImportOptions& o, const Common& common) {
  const fs::path from = o.from, to = o.to;
  const OutputLock lock(to, command);
  bert::Model model = bert::load_model(from);
  const compress::Compression compression = compress::load_compression(from, model);
  if (!lock.was_abandoned()) check_free(to);  // half of what was killed is written anew
  if (fs::exists(from / "vocab.txt") || fs::exists(from / "tokenizer.model")) {
    check_vocabulary(model.config, *bert::load_tokenizer(from), from.string());
  }
  if (model.config.task == bert::Task::encoder && !model.config.pooler) {
    say("note: it has no pooler; training a classifier from it begins with a new one");
  }
  bert::save_model(to, model);
  compress::save_compression(to, compression);
  copy_tokenizer(from, to);
  std::int64_t n = 0;
  for (const engine::Parameter& p : model.parameters()) n += p.variable.value().size();
  finish(command, common, {}, {{"tensors", model.parameters().size()}, {"parameters", n}, {"out", to.string()}},
         fmt::format("{}: {} tensors, {} parameters\n", to.string(), model.parameters().size(), n));
}

}  // namespace

void add_import(CLI::App& program) {
  CLI::App& command =
      *program.add_subcommand("import", "bring a Hugging Face BERT in (config.json, model.safetensors, vocab.txt)");
  const auto common = add_common(command);
  const auto o = std::make_shared<ImportOptions>();
  command.add_option("source", o->from, "the Hugging Face folder")->required()->type_name("HF_DIR");
  command.add_option("--out", o->to, "folder to write")->required()->type_name("DIR");
  set_action(command, "ingot import bert-tiny --out runs/bert-tiny", common,
             [&command, o, common] { run(command, *o, *common); });
}

}  // namespace ingot::cli
