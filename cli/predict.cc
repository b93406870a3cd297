// ingot predict: labels of texts, as they come.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "bert/train/classification.h"
#include "cli/commands.h"
#include "cli/line_results.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/base/utf8.h"
#include "engine/io/json.h"
#include "pipeline/classifier.h"

namespace ingot::cli {
namespace {

struct PredictOptions {
  std::string model;
  std::vector<std::string> texts;
  std::int64_t batch = 32, length = 0;
  bool integer = false;
};

constexpr std::int64_t kBatchesAtOnce = 16;  // of lines that are there: sorted by length, their batches are even

class Predictor {
 public:
  Predictor(const pipeline::Classifier& classifier, bert::Outputs outputs, std::int64_t batch, bool json)
      : classifier_(classifier), outputs_(std::move(outputs)), batch_(batch), results_(json, "predictions") {}

  void add(std::vector<InputLine> lines) {
    std::vector<std::vector<std::int32_t>> ids;
    for (InputLine& line : lines) {
      if (line.fault.empty()) encode(line, ids);
    }
    const std::vector<std::span<const std::int32_t>> views(ids.begin(), ids.end());
    const std::vector<float> probabilities = bert::predict(outputs_, views, classifier_.framing, batch_).values;
    const std::size_t n_labels = classifier_.labels().size();
    std::size_t row = 0;
    for (const InputLine& line : lines) {
      if (line.fault.empty()) {
        print({probabilities.data() + n_labels * row++, n_labels});
      } else {
        results_.add_fault(line, "\t");
      }
    }
    n_texts_ += lines.size();
    results_.flush();
  }

  void finish(const Command& command, const Common& common) {
    if (n_long_ > 0)
      say(fmt::format("{} of {} texts are longer than {} tokens and are truncated ({})", n_long_, n_texts_,
                      classifier_.framing.length, pipeline::name(classifier_.framing.truncation)));
    results_.finish(command, common, {{"model", classifier_.folder.string()}});
  }

 private:
  void encode(InputLine& line, std::vector<std::vector<std::int32_t>>& ids) {
    try {
      ids.push_back(classifier_.tokenizer->encode(line.text));
      n_long_ += data::framed_length(ids.back().size()) > classifier_.framing.length;
    } catch (const engine::Error& error) {
      line.fault = error.what();
    }
  }

  void print(std::span<const float> row) {
    const std::vector<std::string>& labels = classifier_.labels();
    const auto best = static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    engine::Json all = engine::Json::object();
    for (std::size_t j = 0; j < labels.size(); ++j) all[labels[j]] = row[j];
    results_.add(fmt::format("{}\t{:.4f}", engine::printable(labels[best]), row[best]),
                 {{"label", labels[best]}, {"probability", row[best]}, {"probabilities", std::move(all)}});
  }

  const pipeline::Classifier& classifier_;
  bert::Outputs outputs_;
  std::int64_t batch_;
  LineResults results_;
  std::size_t n_texts_ = 0, n_long_ = 0;
};

// Words of the command line: all of them are checked before any work.
std::vector<InputLine> checked(const std::vector<std::string>& texts) {
  std::vector<InputLine> lines;
  for (const std::string& text : texts) {
    engine::require(engine::find_invalid_utf8(text) == std::string::npos, "text {}: must be UTF-8, got '{}'",
                    lines.size() + 1, engine::printable(text, 40));
    lines.push_back({.number = lines.size() + 1, .text = text});
  }
  return lines;
}

void run_predict(const Command& command, const PredictOptions& o, const Common& common) {
  std::vector<InputLine> given = checked(o.texts);
  pipeline::Classifier c = pipeline::load_classifier(o.model, o.length);
  std::optional<pipeline::IntegerClassifier> integers;
  if (o.integer) integers.emplace(pipeline::in_integers(c));
  Predictor predictor(c, pipeline::classify(integers, c), o.batch, common.json);
  if (!given.empty()) {
    predictor.add(std::move(given));
  } else {
    LineStream input(STDIN_FILENO);
    const auto n_lines = static_cast<std::size_t>(kBatchesAtOnce * o.batch);
    for (std::vector<InputLine> lines; !(lines = input.next(n_lines)).empty();) predictor.add(std::move(lines));
  }
  predictor.finish(command, common);
}

}  // namespace

void add_predict(Command& program) {
  Command& command =
      program.add_subcommand("predict", "labels of texts, one line 'label<TAB>probability' for each text");
  const auto common = add_common(command);
  const auto o = std::make_shared<PredictOptions>();
  command.add_option("model", o->model, "folder of a run or a checkpoint").required().type_name("DIR");
  command.add_option("texts", o->texts, "texts; default: the lines of standard input, each answered as it comes")
      .type_name("TEXT")
      .repeatable();
  command.add_option("--length", o->length, "most tokens of a text; 0: as trained").not_negative();
  command.add_option("--batch", o->batch, "texts at a time").range(1, 65536);
  command.add_flag("--integer", o->integer, "run the fixed-point layers in integers");
  set_action(command, "ingot predict runs/imdb 'A quiet, beautiful film.'", common,
             [&command, o, common] { run_predict(command, *o, *common); });
}

}  // namespace ingot::cli
