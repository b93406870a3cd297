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
#include "pipeline/output_lock.h"

namespace ingot::cli {
namespace {

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

void run_encode(const Command& command, const std::string& model, const Common& common) {
  const auto tokenizer = bert::load_tokenizer(model);
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
  const auto model = std::make_shared<std::string>();
  encode.add_option("model", *model, "SentencePiece .model, vocab.txt, or a folder with one")
      .required()
      .type_name("FILE");
  set_action(encode, "echo 'Molten iron.' | ingot tokenizer encode tok.model", encode_common,
             [&encode, model, encode_common] { run_encode(encode, *model, *encode_common); });
}

}  // namespace ingot::cli
