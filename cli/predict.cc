// ingot predict: what a model answers, text by text as they come or for a whole table.
#include "pipeline/predict.h"

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

struct PredictOptions : pipeline::TableOptions, pipeline::ArithmeticOptions {
  std::string model;
  std::vector<std::string> texts;
  std::int64_t batch = 32, length = 0;
  bool pairs = false;
};

constexpr std::int64_t kBatchesAtOnce = 16;  // of lines that are there: sorted by length, their batches are even

class LineAnswers {
 public:
  LineAnswers(pipeline::Predictor& predictor, const PredictOptions& o, bool json)
      : predictor_(predictor),
        detail_(o.detail),
        pairs_(o.pairs || predictor.model().framing.pairs),
        results_(json, "predictions") {}

  void add(std::vector<InputLine> lines) {
    std::vector<data::Example> questions;
    for (InputLine& line : lines) {
      if (line.fault.empty())
        line.fault = fault_of([&] { questions.push_back(predictor_.question(std::move(line.text), pairs_)); });
    }
    const std::vector<pipeline::Predicted> all = predictor_.predict(questions);
    auto predicted = all.begin();
    for (InputLine& line : lines) {
      if (line.fault.empty()) answer(*predicted++, line);
      if (!line.fault.empty()) results_.add_fault(line, no_answer());
    }
    results_.flush();
  }

  void finish(const Command& command, const Common& common) {
    predictor_.say_truncation();
    results_.finish(command, common, {{"model", predictor_.model().folder.string()}});
  }

 private:
  void answer(const pipeline::Predicted& predicted, InputLine& line) {
    line.fault = predicted.fault;
    if (!line.fault.empty()) return;
    const bert::Answer said = predictor_.head().describe(predictor_.as_prediction(predicted), detail_);
    results_.add(said.line, said.json);
  }

  // In the place of an answer: as many columns.
  const char* no_answer() const { return predictor_.head().answers == data::Answers::label ? "\t" : ""; }

  pipeline::Predictor& predictor_;
  bert::Detail detail_;
  bool pairs_;
  LineResults results_;
};

void predict_lines(const Command& command, const PredictOptions& o, const Common& common) {
  std::vector<InputLine> given = words_as_lines(o.texts);
  engine::require(o.out.empty(), "--out: is about --data; answers to lines go to standard output");
  engine::require(!o.detail.probabilities, "--probabilities: is about --data; for lines --json gives all of them");
  pipeline::Predictor predictor(pipeline::load_classifier(o.model, o.length), o, o.batch);
  pipeline::check_detail(predictor.head(), o.detail);
  LineAnswers answers(predictor, o, common.json);
  if (!given.empty()) {
    answers.add(std::move(given));
  } else {
    LineStream input(STDIN_FILENO);
    const auto n_lines = static_cast<std::size_t>(kBatchesAtOnce * o.batch);
    for (std::vector<InputLine> lines; !(lines = input.next(n_lines)).empty();) answers.add(std::move(lines));
  }
  answers.finish(command, common);
}

void predict_rows(const Command& command, const PredictOptions& o, const Common& common) {
  if (!o.texts.empty()) engine::fail("--data: has the texts; none can be given beside it, got '{}'", o.texts.front());
  engine::require(!o.pairs, "--pairs: is about lines; the columns of --data say what is a pair");
  const bool to_file = !o.out.empty() && o.out != "-";
  engine::require(to_file || !common.json, "--json: would share standard output with the table; give it an --out");
  pipeline::Predictor predictor(pipeline::load_classifier(o.model, o.length), o, o.batch);
  pipeline::check_detail(predictor.head(), o.detail);
  const engine::Json result = pipeline::predict_table(o, predictor, print_table);
  if (to_file) finish(command, common, {}, result, fmt::format("{}: {} rows\n", o.out, result["rows"].dump()));
}

}  // namespace

void add_predict(Command& program) {
  Command& command = program.add_subcommand(
      "predict", "what a model answers: a line for each text, or a table with columns of predictions");
  const auto common = add_common(command);
  const auto o = std::make_shared<PredictOptions>();
  command.add_option("model", o->model, "folder of a run or a checkpoint").required().type_name("DIR");
  command.add_option("texts", o->texts, "texts; default: the lines of standard input, each answered as it comes")
      .type_name("TEXT")
      .repeatable();
  command.add_flag("--pairs", o->pairs, "a line is two texts with a tab between; by itself for models of pairs");
  command.add_option("--length", o->length, "most tokens of a text; 0: as trained").not_negative();
  command.add_option("--batch", o->batch, "texts at a time").range(1, 65536);
  add_arithmetic_options(command, *o);
  command.add_option("--top-k", o->detail.top_k, "labels and probabilities of so many likeliest labels").not_negative();
  add_table_options(command, *o, "table of texts: .csv, .tsv, .jsonl, .json or .txt, each also .gz", true);
  command
      .add_option("--out", o->out,
                  "table of --data with predictions behind its columns: .csv, .tsv or .jsonl; default, or -: "
                  "standard output")
      .type_name("FILE");
  command.add_flag("--probabilities", o->detail.probabilities, "columns with the probabilities of all labels");
  set_action(command, "ingot predict runs/imdb 'A quiet, beautiful film.'", common,
             [&command, o, common] { (o->data.empty() ? predict_lines : predict_rows)(command, *o, *common); });
}

}  // namespace ingot::cli
