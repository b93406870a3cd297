// ingot eval and ingot predict: a trained classifier at work.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "bert/classification.h"
#include "cli/commands.h"
#include "cli/model_folder.h"
#include "cli/training_options.h"
#include "engine/base/error.h"
#include "engine/base/progress.h"

namespace ingot::cli {
namespace {

using engine::require;

struct Classifier {
  std::filesystem::path folder;
  bert::Model model;
  std::unique_ptr<bert::Tokenizer> tokenizer;
  data::Framing framing;
};

Classifier load_classifier(const std::string& where, std::int64_t length) {
  const std::filesystem::path folder = resolve_model_folder(where);
  bert::Model model = load_compressed_model(folder).model;
  require(model.config.task == bert::Task::sequence_classification,
          "{}: is not a classifier; train one with `ingot train --from {}`", folder.string(), where);
  auto tokenizer = bert::load_tokenizer(folder);
  check_vocabulary(model.config, *tokenizer, folder.string());
  const data::Framing framing = framing_for(folder, model.config, *tokenizer, length);
  return {folder, std::move(model), std::move(tokenizer), framing};
}

// The labels of a part in the numbering of the model.
std::vector<std::int32_t> translated(const bert::TokenPart& part, const std::vector<std::string>& from,
                                     const std::vector<std::string>& to) {
  std::vector<std::int32_t> map;
  for (const std::string& label : from) {
    const auto found = std::find(to.begin(), to.end(), label);
    require(found != to.end(), "label '{}' of the data is not among the {} labels of the model ({})", label, to.size(),
            fmt::join(to, ", "));
    map.push_back(static_cast<std::int32_t>(found - to.begin()));
  }
  std::vector<std::int32_t> labels;
  for (const std::int32_t label : part.labels) labels.push_back(map[static_cast<std::size_t>(label)]);
  return labels;
}

struct EvalOptions {
  std::string model, data;
  std::string part = "auto";
  std::int64_t batch = 32, length = 0;
  std::string out;
};

void run_eval(const CLI::App& command, const EvalOptions& o, const Common& common) {
  require(o.part == "auto" || o.part == "test" || o.part == "train", "--part: must be auto, test or train, got '{}'",
          o.part);
  const Classifier c = load_classifier(o.model, o.length);
  const auto source = data::open_source(o.data);
  const bert::TokenCorpus corpus = tokenized(*source, *c.tokenizer);
  const bool test = o.part == "test" || (o.part == "auto" && corpus.test.size() > 0);
  bert::TokenPart part = test ? corpus.test : corpus.train;
  require(part.size() > 0, "{}: has no {} examples", source->name(), test ? "test" : "labelled");
  const std::vector<std::int32_t> labels = translated(part, corpus.label_names, c.model.config.label_names);
  part.labels = labels;
  note_truncation(part, c.framing, test ? "test" : "");
  engine::Progress meter("evaluate", static_cast<std::int64_t>(part.size()));
  const bert::Evaluation e = bert::evaluate(c.model, bert::Subset::all(part), c.framing, o.batch,
                                            [&](std::int64_t done, std::int64_t) { meter.update(done); });
  nlohmann::json result{{"accuracy", e.accuracy},
                        {"f1", e.macro_f1},
                        {"loss", e.loss},
                        {"examples", e.n},
                        {"evaluated_on", test ? "test" : "all"},
                        {"model", c.folder.string()},
                        {"tokens_per_second", static_cast<double>(e.n_tokens) / e.seconds}};
  if (!o.out.empty()) write_config_toml(command, o.out);
  finish(command, common, o.out, result,
         fmt::format("accuracy {:.4f}, F1 {:.4f}, loss {:.4f} on {} texts ({:.1f}k tokens/s)\n", e.accuracy, e.macro_f1,
                     e.loss, e.n, static_cast<double>(e.n_tokens) / e.seconds / 1000));
}

struct PredictOptions {
  std::string model;
  std::vector<std::string> texts;
  std::int64_t batch = 32, length = 0;
};

std::vector<std::string> texts_of(const PredictOptions& o) {
  if (!o.texts.empty()) return o.texts;
  std::vector<std::string> lines;
  for (std::string line; std::getline(std::cin, line);) lines.push_back(std::move(line));
  return lines;
}

void run_predict(const CLI::App& command, const PredictOptions& o, const Common& common) {
  const Classifier c = load_classifier(o.model, o.length);
  const std::vector<std::string> texts = texts_of(o);
  std::vector<std::vector<std::int32_t>> ids;
  std::int64_t n_long = 0;
  for (const std::string& text : texts) {
    ids.push_back(c.tokenizer->encode(text));
    n_long += static_cast<std::int64_t>(ids.back().size()) + 2 > c.framing.length;
  }
  if (n_long > 0)
    say(fmt::format("{} of {} texts are longer than {} tokens and are truncated ({})", n_long, texts.size(),
                    c.framing.length, name(c.framing.truncation)));
  const std::vector<std::span<const std::int32_t>> views(ids.begin(), ids.end());
  const std::vector<float> probabilities = bert::predict(c.model, views, c.framing, o.batch);
  const std::vector<std::string>& labels = c.model.config.label_names;
  nlohmann::json predictions = nlohmann::json::array();
  std::string lines;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::span row(probabilities.data() + i * labels.size(), labels.size());
    const auto best = static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    lines += fmt::format("{}\t{:.4f}\n", labels[best], row[best]);
    nlohmann::json all = nlohmann::json::object();
    for (std::size_t j = 0; j < labels.size(); ++j) all[labels[j]] = row[j];
    predictions.push_back({{"label", labels[best]}, {"probability", row[best]}, {"probabilities", all}});
  }
  finish(command, common, {}, {{"model", c.folder.string()}, {"predictions", predictions}}, lines);
}

}  // namespace

void add_eval(CLI::App& program) {
  CLI::App& command = *program.add_subcommand("eval", "accuracy of a classifier on labelled text");
  const auto common = add_common(command);
  const auto o = std::make_shared<EvalOptions>();
  command.add_option("model", o->model, "folder of a run or a checkpoint")->required()->type_name("DIR");
  command.add_option("--data", o->data, "as for train")->required();
  command.add_option("--part", o->part,
                     "test, train (everything labelled that is not test), or auto: test where there is one");
  command.add_option("--length", o->length, "tokens of a text; 0: as trained")->check(not_negative());
  command.add_option("--batch", o->batch, "texts at a time")->check(CLI::Range(1, 65536));
  command.add_option("--out", o->out, "folder for config.toml and result.json; default: none");
  set_action(command, "ingot eval runs/imdb --data aclImdb.tar.gz", common,
             [&command, o, common] { run_eval(command, *o, *common); });
}

void add_predict(CLI::App& program) {
  CLI::App& command = *program.add_subcommand("predict", "labels of texts: a line 'label<TAB>probability' each");
  const auto common = add_common(command);
  const auto o = std::make_shared<PredictOptions>();
  command.add_option("model", o->model, "folder of a run or a checkpoint")->required()->type_name("DIR");
  command.add_option("texts", o->texts, "texts; default: one a line on standard input")
      ->type_name("TEXT")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--length", o->length, "tokens of a text; 0: as trained")->check(not_negative());
  command.add_option("--batch", o->batch, "texts at a time")->check(CLI::Range(1, 65536));
  set_action(command, "ingot predict runs/imdb 'A quiet, beautiful film.'", common,
             [&command, o, common] { run_predict(command, *o, *common); });
}

}  // namespace ingot::cli
