// ingot tokenizer train | encode.
#include <fmt/format.h>
#include <unistd.h>

#include "bert/tokenizers/token_cache.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/line_results.h"
#include "cli/training_options.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/io/json.h"
#include "pipeline/frames.h"
#include "pipeline/output_lock.h"

namespace ingot::cli {
namespace {

using engine::require;

struct LearnOptions : pipeline::DataOptions {
  std::string out;
  std::string type = "unigram";
  std::int32_t pieces = 0;
};

void run_train(const Command& command, const LearnOptions& o, const Common& common) {
  const pipeline::OutputLock lock = pipeline::OutputLock::beside(o.out, full_name(command));
  const auto source = pipeline::open_data(o);
  const auto tokenizer =
      pipeline::learned_tokenizer(*source, {.algorithm = o.type, .n_pieces = o.pieces, .seed = common.seed});
  engine::write_file(o.out, tokenizer->serialized());
  finish(command, common, {}, {{"pieces", tokenizer->size()}, {"file", o.out}},
         fmt::format("{}: {} pieces\n", o.out, tokenizer->size()));
}

// With pieces, which take ten times the memory of the ids, only for JSON.
void encode_line(const bert::Tokenizer& tokenizer, InputLine& line, bool json, LineResults& results) {
  std::vector<std::int32_t> ids;
  try {
    if (line.fault.empty()) ids = tokenizer.encode(line.text);
  } catch (const engine::Error& error) {
    line.fault = error.what();
  }
  if (!line.fault.empty()) return results.add_fault(line, "");
  engine::Json object;
  if (json) {
    engine::Json pieces = engine::Json::array();
    for (const std::int32_t id : ids) pieces.push_back(tokenizer.piece(id));
    object = {{"ids", ids}, {"pieces", std::move(pieces)}};
  }
  results.add(fmt::format("{}", fmt::join(ids, " ")), object);
}

struct EncodeOptions {
  std::string model;
  bool frames = false;
  std::int64_t length = 0;
};

// Bytes, of which a wrong line would be a part that nobody could tell from the others: the first one ends the work.
void run_frames(const Command& command, const EncodeOptions& o, const Common& common) {
  require(!common.json, "--frames: writes bytes, not JSON");
  const pipeline::TextFrames frames(o.model, o.length);
  LineStream input(STDIN_FILENO);
  for (std::vector<InputLine> lines; !(lines = input.next(1024)).empty();) {
    for (InputLine& line : lines) {
      std::string bytes;
      if (line.fault.empty()) line.fault = fault_of([&] { bytes = pipeline::bytes_of(frames.words(line.text)); });
      require(line.fault.empty(), "line {}: {}", line.number, line.fault);
      print_out(bytes);
    }
  }
  finish(command, common, {}, engine::Json::object(), "");
}

void run_encode(const Command& command, const EncodeOptions& o, const Common& common) {
  if (o.frames) return run_frames(command, o, common);
  require(o.length == 0, "--length: is of --frames; ids are those of the whole text");
  const auto tokenizer = bert::load_tokenizer(o.model);
  LineResults results(common.json, "texts");
  LineStream input(STDIN_FILENO);
  for (std::vector<InputLine> lines; !(lines = input.next(1024)).empty();) {
    for (InputLine& line : lines) encode_line(*tokenizer, line, common.json, results);
    results.flush();
  }
  results.finish(command, common, engine::Json::object());
}

}  // namespace

void add_tokenizer(Command& program) {
  Command& parent = program.add_subcommand("tokenizer", "learn a vocabulary, or encode text with one");
  parent.require_subcommand();

  Command& train = parent.add_subcommand("train", "learn a SentencePiece vocabulary from a corpus");
  const auto train_common = add_common(train);
  const auto o = std::make_shared<LearnOptions>();
  add_data_options(train, *o, {.help = "texts, as for ingot train"});
  train.add_option("--out", o->out, "file to write").required().type_name("FILE");
  train.add_option("--pieces", o->pieces,
                   "size of the vocabulary, special tokens included; 0: 8000, or as many pieces as the texts hold");
  train.add_option("--type", o->type, "algorithm: unigram or bpe").type_name("unigram|bpe");
  set_action(train, "ingot tokenizer train --data glosses --pieces 8000 --out tok.model", train_common,
             [&train, o, train_common] { run_train(train, *o, *train_common); });

  Command& encode = parent.add_subcommand("encode", "ids of each line of standard input (with --json also the pieces)");
  const auto encode_common = add_common(encode);
  const auto e = std::make_shared<EncodeOptions>();
  encode.add_option("model", e->model, "SentencePiece .model, vocab.txt, or a folder with one")
      .required()
      .type_name("FILE");
  encode.add_flag(
      "--frames", e->frames,
      "write the bytes that a model in hardware is sent through a serial line: of each text, with [CLS] and "
      "[SEP], its length and a word a token; needs the folder of a model");
  encode.add_option("--length", e->length, "most tokens of a text with --frames; 0: as trained").not_negative();
  set_action(encode, "echo 'Molten iron.' | ingot tokenizer encode tok.model", encode_common,
             [&encode, e, encode_common] { run_encode(encode, *e, *encode_common); });
}

}  // namespace ingot::cli
