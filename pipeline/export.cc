#include "pipeline/export.h"

#include <fmt/format.h>

#include "bert/head.h"
#include "bert/structure.h"
#include "bert/tokenizers/tokenizer_folder.h"
#include "bert/tokenizers/tokenizer_json.h"
#include "compress/effective.h"
#include "compress/lower/integer_model.h"
#include "compress/packed/model.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/is_there.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "pipeline/c_folder.h"
#include "pipeline/model_card.h"
#include "pipeline/model_folder.h"
#include "pipeline/onnx_folder.h"
#include "pipeline/output_lock.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
namespace {

using engine::require;

// Of the model as integers in memory; 0 if it has no layer that runs in integers.
std::size_t program_bytes(CompressedModel& compressed) {
  if (compressed.model.config.head->task.empty()) return 0;
  return compress::IntegerModel(compressed.model, compress::lower(compressed.model, compressed.compression)).bytes();
}

// Half of an export that was broken off is written anew; anything else is left alone.
void begin_anew(OutputLock& lock, const fs::path& to) {
  if (!lock.was_abandoned()) check_free(to);
  lock.stay_until_finished();
}

// Packed codes instead of floats.
void write_packed(const fs::path& from, const fs::path& to, const Run& run, const Finish& finish) {
  OutputLock lock(to, run.command);
  CompressedModel compressed = load_compressed_model(from);
  begin_anew(lock, to);
  compress::save_packed(to, compressed.model, compressed.compression);
  copy_tokenizer(from, to);
  const auto n_bytes = static_cast<std::int64_t>(fs::file_size(to / "packed.safetensors"));
  const std::int64_t n = bert::n_parameters(compressed.model.config);
  lock.finished();
  finish({{"parameters", n},
          {"packed_bytes", n_bytes},
          {"float_bytes", 4 * n},
          {"program_bytes", program_bytes(compressed)},
          {"out", to.string()}},
         fmt::format("{}: {} parameters in {} bytes, {:.1f} times smaller than float32\n", to.string(), n, n_bytes,
                     4.0 * static_cast<double>(n) / static_cast<double>(n_bytes)));
}

// The weights that the model computes with, or, as --float wants it, those that training goes on from.
CompressedModel model_to_write(const fs::path& from, bool floats) {
  if (floats) {
    require(!compress::is_packed(from), "{}: --float: packed codes have lost the float weights they came from",
            from.string());
    bert::Model model = bert::load_model(from);
    compress::Compression compression = compress::load_compression(from, model);
    return {std::move(model), std::move(compression)};
  }
  CompressedModel compressed = load_compressed_or_packed_model(from);
  if (compressed.compression.empty()) return compressed;
  return {bert::model_of(compressed.model.config, compress::effective_parameters(compressed.model)),
          compress::settled(compressed.model, compressed.compression)};
}

// The tokenizer as AutoTokenizer of transformers finds it. What cannot be said so is said to the user.
void write_for_transformers(const fs::path& from, const fs::path& to) {
  if (!bert::holds_tokenizer(from)) return;
  const std::unique_ptr<bert::Tokenizer> tokenizer = bert::load_tokenizer(from);
  std::string json;
  try {
    json = bert::to_tokenizer_json(*tokenizer);
  } catch (const engine::Error& error) {
    return engine::say(fmt::format("note: without tokenizer.json, which transformers wants: {}", error.what()));
  }
  engine::write_file(to / "tokenizer.json", json);
  if (tokenizer->file_name() == "vocab.txt") return;  // a BertTokenizer: needs no more
  const fs::path file = to / "tokenizer_config.json";
  engine::Json config = engine::Json::object();
  if (engine::is_there(file)) config = engine::parse_json(engine::read_file(file), file.string());
  engine::require(config.is_object(), "{}: must be a JSON object, is {}", file.string(), engine::shown(config));
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

void write_floats(const fs::path& from, const ExportOptions& o, const Run& run, const Finish& finish) {
  const fs::path to = o.to;
  OutputLock lock(to, run.command);
  const CompressedModel written = model_to_write(from, o.floats);
  begin_anew(lock, to);
  const std::vector<Note> notes = export_notes(written, o.floats);
  for (const Note& note : notes) engine::say("note: " + note.sentence);
  bert::save_model(to, written.model);
  compress::save_compression(to, written.compression);
  copy_tokenizer(from, to);
  write_for_transformers(from, to);
  write_model_card(to, written.model.config, notes);
  engine::Json sentences = engine::Json::array();
  for (const Note& note : notes) sentences.push_back(note.sentence);
  const std::int64_t n = bert::n_parameters(written.model.config);
  const std::size_t n_tensors = written.model.parameters().size();
  lock.finished();
  finish({{"tensors", n_tensors}, {"parameters", n}, {"notes", sentences}, {"out", to.string()}},
         fmt::format("{}: {} tensors, {} parameters\n", to.string(), n_tensors, n));
}

// Whatever the model computes is in the file, so that nothing is left out as in a Hugging Face folder.
void write_onnx(const fs::path& from, const ExportOptions& o, const Run& run, const Finish& finish) {
  const fs::path to = o.to;
  OutputLock lock(to, run.command);
  CompressedModel written = model_to_write(from, o.floats);
  if (o.floats) {
    compress::attach(written.model, {});
    written.compression.clear();
  }
  begin_anew(lock, to);
  const OnnxFolder onnx = write_onnx_folder(to, written, o.version);
  for (const std::string& note : onnx.notes) engine::say("note: " + note);
  copy_tokenizer(from, to);
  write_for_transformers(from, to);
  const std::int64_t n = bert::n_parameters(written.model.config);
  lock.finished();
  finish(
      {{"nodes", onnx.n_nodes},
       {"parameters", n},
       {"bytes", onnx.n_bytes},
       {"output", onnx.output},
       {"notes", onnx.notes},
       {"out", to.string()}},
      fmt::format("{}: model.onnx of {} nodes, {} parameters, {} bytes\n", to.string(), onnx.n_nodes, n, onnx.n_bytes));
}

// From token ids to the outputs; the tokenizer that makes ids goes with it.
void write_c(const fs::path& from, const fs::path& to, const Run& run, const Finish& finish) {
  OutputLock lock(to, run.command);
  Classifier classifier = load_classifier(from.string(), /*length=*/0);
  if (!lock.was_abandoned()) check_free_of_c(to);
  begin_anew(lock, to);
  const compress::C99Program program = write_c_folder(to, classifier);
  copy_tokenizer(from, to);
  lock.finished();
  finish({{"constant_bytes", program.constant_bytes},
          {"scratch_bytes", program.scratch_bytes()},
          {"longest", program.longest},
          {"out", to.string()}},
         fmt::format("{}: model.c, {} bytes of weights and tables, {} of scratch for {} tokens\n", to.string(),
                     program.constant_bytes, program.scratch_bytes(), program.longest));
}

}  // namespace

void export_model(const ExportOptions& o, const Run& run, const Finish& finish) {
  require(!o.packed || !o.floats, "--float: goes with float32 weights, not with --packed");
  require(!o.packed || !o.onnx, "--packed: codes that ingot reads, which --onnx does not write; choose one of them");
  require(!o.onnx || fs::path(o.to).extension() != ".onnx",
          "{}: --onnx writes a folder with model.onnx, config.json and the tokenizer in it: name the folder", o.to);
  require(!o.c || !(o.packed || o.onnx || o.floats),
          "--c: writes integers in C, which --packed, --onnx and --float do not; choose one of them");
  const fs::path from = resolve_model_folder(o.from);
  if (o.c) return write_c(from, o.to, run, finish);
  if (o.onnx) return write_onnx(from, o, run, finish);
  if (o.packed) return write_packed(from, o.to, run, finish);
  const std::size_t n_identities = bert::read_config(from / "config.json").identities.size();
  require(n_identities == 0,
          "{}: leaves out {} Linear layers, which Hugging Face's BERT cannot; --packed and --onnx can", from.string(),
          n_identities);
  write_floats(from, o, run, finish);
}

}  // namespace ingot::pipeline
