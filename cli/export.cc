// ingot export: a model as a Hugging Face folder, or as packed codes.
#include <fmt/format.h>

#include "bert/heads/sequence_classification.h"
#include "bert/structure.h"
#include "bert/tokenizers/tokenizer_folder.h"
#include "bert/tokenizers/tokenizer_json.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "compress/effective.h"
#include "compress/lower/integer_model.h"
#include "compress/packed/model.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/io/json.h"
#include "pipeline/model_card.h"
#include "pipeline/model_folder.h"
#include "pipeline/output_lock.h"

namespace ingot::cli {
namespace fs = std::filesystem;
namespace {

using engine::require;

struct ExportOptions {
  std::string from, to;
  bool packed = false, floats = false;
};

// Of the model as integers in memory; 0 if it has no layer that runs in integers.
std::size_t program_bytes(pipeline::CompressedModel& compressed) {
  if (!bert::is_classifier(compressed.model.config)) return 0;
  return compress::IntegerModel(compressed.model, compress::lower(compressed.model, compressed.compression)).bytes();
}

// Packed codes instead of floats.
void write_packed(const Command& command, const fs::path& from, const fs::path& to, const Common& common) {
  const pipeline::OutputLock lock(to, full_name(command));
  pipeline::CompressedModel compressed = pipeline::load_compressed_model(from);
  if (!lock.was_abandoned()) pipeline::check_free(to);  // half of what was killed is written anew
  compress::save_packed(to, compressed.model, compressed.compression);
  pipeline::copy_tokenizer(from, to);
  const auto n_bytes = static_cast<std::int64_t>(fs::file_size(to / "packed.safetensors"));
  const std::int64_t n = bert::n_parameters(compressed.model.config);
  finish(command, common, {},
         {{"parameters", n},
          {"packed_bytes", n_bytes},
          {"float_bytes", 4 * n},
          {"program_bytes", program_bytes(compressed)},
          {"out", to.string()}},
         fmt::format("{}: {} parameters in {} bytes, {:.1f} times smaller than float32\n", to.string(), n, n_bytes,
                     4.0 * static_cast<double>(n) / static_cast<double>(n_bytes)));
}

// The weights that the model computes with, or, as --float wants it, those that training goes on from.
pipeline::CompressedModel model_to_write(const fs::path& from, bool floats) {
  if (floats) {
    require(!compress::is_packed(from), "{}: --float: packed codes have lost the float weights they came from",
            from.string());
    bert::Model model = bert::load_model(from);
    compress::Compression compression = compress::load_compression(from, model);
    return {std::move(model), std::move(compression)};
  }
  pipeline::CompressedModel compressed = pipeline::load_compressed_or_packed_model(from);
  if (compressed.compression.empty()) return compressed;
  return {bert::model_of(compressed.model.config, compress::effective_parameters(compressed.model)),
          compress::settled(compressed.model, compressed.compression)};
}

// The tokenizer as AutoTokenizer of transformers finds it. What cannot be said so is said to the user.
void write_for_transformers(const fs::path& from, const fs::path& to) {
  if (!bert::holds_tokenizer(from)) return;
  const std::unique_ptr<bert::Tokenizer> tokenizer = bert::load_tokenizer(from);
  try {
    engine::write_file(to / "tokenizer.json", bert::to_tokenizer_json(*tokenizer));
  } catch (const engine::Error& error) {
    return say(fmt::format("note: without tokenizer.json, which transformers wants: {}", error.what()));
  }
  if (tokenizer->file_name() == "vocab.txt") return;  // a BertTokenizer: needs no more
  const fs::path file = to / "tokenizer_config.json";
  std::error_code ignored;
  engine::Json config = engine::Json::object();
  if (fs::exists(file, ignored)) config = engine::parse_json(engine::read_file(file), file.string());
  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  const bert::SpecialTokens& s = tokenizer->special();
  for (const auto& [key, id] : {std::pair{"pad_token", s.pad},
                                {"unk_token", s.unknown},
                                {"cls_token", s.cls},
                                {"sep_token", s.sep},
                                {"mask_token", s.mask}}) {
    if (id >= 0) config[key] = tokenizer->piece(id);
  }
  engine::write_file(file, config.dump(2) + "\n");
}

void write_floats(const Command& command, const fs::path& from, const ExportOptions& o, const Common& common) {
  const fs::path to = o.to;
  const pipeline::OutputLock lock(to, full_name(command));
  const pipeline::CompressedModel written = model_to_write(from, o.floats);
  if (!lock.was_abandoned()) pipeline::check_free(to);  // half of what was killed is written anew
  const std::vector<pipeline::Note> notes = pipeline::export_notes(written, o.floats);
  for (const pipeline::Note& note : notes) say("note: " + note.sentence);
  bert::save_model(to, written.model);
  compress::save_compression(to, written.compression);
  pipeline::copy_tokenizer(from, to);
  write_for_transformers(from, to);
  pipeline::write_model_card(to, written.model.config, notes);
  engine::Json sentences = engine::Json::array();
  for (const pipeline::Note& note : notes) sentences.push_back(note.sentence);
  const std::int64_t n = bert::n_parameters(written.model.config);
  const std::size_t n_tensors = written.model.parameters().size();
  finish(command, common, {}, {{"tensors", n_tensors}, {"parameters", n}, {"notes", sentences}, {"out", to.string()}},
         fmt::format("{}: {} tensors, {} parameters\n", to.string(), n_tensors, n));
}

void run(const Command& command, const ExportOptions& o, const Common& common) {
  require(!o.packed || !o.floats, "--float: goes with float32 weights, not with --packed");
  const fs::path from = pipeline::resolve_model_folder(o.from);
  if (o.packed) return write_packed(command, from, o.to, common);
  const std::size_t n_identities = bert::read_config(from / "config.json").identities.size();
  require(n_identities == 0, "{}: leaves out {} Linear layers, which Hugging Face's BERT cannot; --packed can",
          from.string(), n_identities);
  write_floats(command, from, o, common);
}

}  // namespace

void add_export(Command& program) {
  Command& command = program.add_subcommand("export", "write a model as a Hugging Face folder, or as packed codes");
  const auto common = add_common(command);
  const auto o = std::make_shared<ExportOptions>();
  command.add_option("model", o->from, "folder of a run, a checkpoint or packed codes").required().type_name("DIR");
  command.add_option("target", o->to, "folder to write").required().type_name("OUT");
  command.add_flag("--packed", o->packed,
                   "as packed codes, which eval and predict read: what a compressed model weighs");
  command.add_flag("--float", o->floats,
                   "of a compressed model the float weights that training goes on from, not the pruned and quantised "
                   "ones it computes with");
  set_action(command, "ingot export runs/imdb imdb-bert", common, [&command, o, common] { run(command, *o, *common); });
}

}  // namespace ingot::cli
