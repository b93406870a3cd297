// ingot embed: vectors of texts.
#include "pipeline/embed.h"

#include <fmt/format.h>
#include <unistd.h>

#include "bert/head.h"
#include "cli/arithmetic_options.h"
#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/line_results.h"
#include "engine/base/error.h"

namespace ingot::cli {
namespace {

struct EmbedOptions : pipeline::DataOptions, pipeline::ArithmeticOptions {
  std::string model, out;
  std::vector<std::string> texts;
  std::int64_t batch = 32, length = 0;
};

constexpr std::int64_t kBatchesAtOnce = 16;

// Vectors on standard output: a line of JSON each, answered as lines come.
class Printed final : public pipeline::VectorFile {
 public:
  Printed(LineResults& results) : results_(results) {}
  void add(const std::string& text, std::span<const float> vector) override {
    const engine::Json json = pipeline::embedding_json(text, vector);
    results_.add(json.dump(), json);
  }
  void commit() override {}

 private:
  LineResults& results_;
};

// Every text has its row: a line that cannot be used ends the work.
std::int64_t embed_lines(pipeline::Predictor& predictor, const EmbedOptions& o, std::vector<InputLine> given,
                         pipeline::VectorFile& out, LineResults& results) {
  LineStream input(STDIN_FILENO);
  const auto n_lines = static_cast<std::size_t>(kBatchesAtOnce * o.batch);
  std::int64_t n = 0;
  for (std::vector<InputLine> lines = given.empty() ? input.next(n_lines) : std::move(given); !lines.empty();
       lines = o.texts.empty() ? input.next(n_lines) : std::vector<InputLine>()) {
    std::vector<data::Example> texts;
    for (InputLine& line : lines) {
      engine::require(line.fault.empty(), "line {}: {}", line.number, line.fault);
      texts.push_back({.text = std::move(line.text)});
    }
    const std::vector<pipeline::Predicted> all = predictor.predict(texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      engine::require(all[i].fault.empty(), "line {}: {}", lines[i].number, all[i].fault);
      out.add(texts[i].text, all[i].values);
    }
    results.flush();
    n += std::ssize(texts);
  }
  predictor.say_truncation();
  return n;
}

void run_embed(const Command& command, const EmbedOptions& o, const Common& common) {
  std::vector<InputLine> given = words_as_lines(o.texts);
  engine::require(o.texts.empty() || o.data.empty(), "--data: has the texts; none can be given beside it");
  pipeline::Predictor predictor(pipeline::load_embedder(o.model, o.length), o, o.batch);
  LineResults results(common.json, "embeddings");
  const bool to_file = !o.out.empty() && o.out != "-";
  const std::int64_t size = predictor.config().hidden_size;
  const std::unique_ptr<pipeline::VectorFile> out =
      to_file ? pipeline::make_vector_file(o.out, size) : std::make_unique<Printed>(results);
  const std::int64_t n = o.data.empty() ? embed_lines(predictor, o, std::move(given), *out, results)
                                        : pipeline::embed_table(o, predictor, *out, [&] { results.flush(); });
  out->commit();
  engine::Json result{{"model", predictor.model().folder.string()}, {"texts", n}, {"size", size}};
  if (!to_file) return results.finish(command, common, std::move(result));
  result["out"] = o.out;
  finish(command, common, {}, std::move(result), fmt::format("{}: {} vectors of {} numbers\n", o.out, n, size));
}

}  // namespace

void add_embed(Command& program) {
  Command& command = program.add_subcommand("embed", "vectors of texts, of length 1");
  const auto common = add_common(command);
  const auto o = std::make_shared<EmbedOptions>();
  command.add_option("model", o->model, "folder of a run or a checkpoint").required().type_name("DIR");
  command.add_option("texts", o->texts, "texts; default: those of --data, or the lines of standard input")
      .type_name("TEXT")
      .repeatable();
  command.add_option("--length", o->length, "most tokens of a text; 0: as trained").not_negative();
  command.add_option("--batch", o->batch, "texts at a time").range(1, 65536);
  add_arithmetic_options(command, *o);
  add_table_options(command, *o, "table of texts: .csv, .tsv, .jsonl, .json or .txt, each also .gz", false);
  command
      .add_option("--out", o->out,
                  "file of the vectors, in the order of the texts: .npy, .safetensors (tensor embeddings) or "
                  ".jsonl; default, or -: JSON lines on standard output")
      .type_name("FILE");
  set_action(command, "ingot embed runs/similar --data texts.csv --out vectors.npy", common,
             [&command, o, common] { run_embed(command, *o, *common); });
}

}  // namespace ingot::cli
