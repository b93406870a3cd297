// ingot train: a classifier from labelled text.
#include <fmt/format.h>

#include "bert/classification.h"
#include "cli/commands.h"
#include "cli/model_folder.h"
#include "cli/training_options.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"

namespace ingot::cli {
namespace {

using engine::require;

struct TrainOptions : TrainingOptions {
  std::string pooling = "auto";
  std::int64_t validation = -1;  // examples; negative: by rule
};

constexpr std::int64_t kMostValidation = 2500;

// --validation, or a tenth of the examples, at most 2,500.
std::size_t validation_size(const TrainOptions& o, std::size_t n) {
  const auto rule = std::min<std::int64_t>(kMostValidation, static_cast<std::int64_t>(n) / 10);
  const std::int64_t size = o.validation >= 0 ? o.validation : std::max<std::int64_t>(1, rule);
  require(size >= 1 && size < static_cast<std::int64_t>(n), "--validation: must be between 1 and {}, got {}",
          static_cast<std::int64_t>(n) - 1, size);
  return static_cast<std::size_t>(size);
}

// A pooler that exists keeps reading what it was trained on. A new one reads the mean: from fresh weights attention to
// [CLS] is learned late, or on some seeds hardly at all within an epoch.
bert::Pooling pooling_of(const TrainOptions& o, const bert::Config& start) {
  if (o.pooling == "cls") return bert::Pooling::cls;
  if (o.pooling == "mean") return bert::Pooling::mean;
  const bool new_pooler = o.from.empty() || start.task == bert::Task::masked_lm;
  return new_pooler ? bert::Pooling::mean : start.pooling;
}

bert::Model starting_model(const TrainOptions& o, const bert::Tokenizer& tokenizer,
                           const std::vector<std::string>& label_names, std::uint64_t seed) {
  bert::Config config;
  std::filesystem::path folder;
  if (o.from.empty()) {
    config = config_of(o, tokenizer);
  } else {
    folder = resolve_model_folder(o.from);
    config = bert::read_config(folder / "config.json");
    check_vocabulary(config, tokenizer, o.from);
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = static_cast<float>(o.dropout);
  }
  const bool same_task = config.task == bert::Task::sequence_classification && config.label_names == label_names;
  config.pooling = pooling_of(o, config);
  config.task = bert::Task::sequence_classification;
  config.label_names = label_names;
  if (o.from.empty()) return bert::make_model(config, seed);
  if (!same_task) return bert::model_from_body(folder, config, seed);
  bert::Model model = bert::load_model(folder);
  return bert::with_config(std::move(model), config);
}

nlohmann::json scores(const bert::Evaluation& e) {
  return {{"accuracy", e.accuracy}, {"f1", e.macro_f1}, {"loss", e.loss}, {"examples", e.n}};
}

bert::Evaluation evaluate_with_progress(const bert::Model& model, const bert::Subset& subset,
                                        const data::Framing& framing, std::int64_t batch) {
  engine::Progress meter("evaluate", static_cast<std::int64_t>(subset.examples.size()));
  return bert::evaluate(model, subset, framing, batch, [&](std::int64_t done, std::int64_t) {
    meter.update(done);
    if (engine::interrupted())
      throw engine::Interrupted("stopped while evaluating the trained model; continue with --resume");
  });
}

// Of this process's training; a resumed run that had nothing left to train keeps what it had measured.
void add_speed(nlohmann::json& result, const bert::TrainingOutcome& outcome, const std::filesystem::path& out) {
  result["training_seconds"] = outcome.training_seconds;
  result["tokens_per_second"] =
      outcome.n_tokens > 0 ? static_cast<double>(outcome.n_tokens) / outcome.training_seconds : 0.0;
  if (outcome.n_tokens > 0 || !std::filesystem::exists(out / "result.json")) return;
  const auto before = nlohmann::json::parse(engine::read_file(out / "result.json"), nullptr, false);
  for (const char* key : {"training_seconds", "tokens_per_second"}) {
    if (before.is_object() && before.contains(key)) result[key] = before[key];
  }
}

void run(const CLI::App& command, const TrainOptions& o, const Common& common) {
  require(o.pooling == "auto" || o.pooling == "cls" || o.pooling == "mean",
          "--pooling: must be auto, cls or mean, got '{}'", o.pooling);
  check_options(o);
  const auto source = data::open_source(o.data);
  const auto tokenizer = tokenizer_of(o, *source, common.seed);
  const bert::TokenCorpus corpus = tokenized(*source, *tokenizer);
  require(corpus.label_names.size() >= 2, "{}: training needs at least two labels, found {}", source->name(),
          corpus.label_names.size());
  const data::Split split = data::hold_out(corpus.train.labels, validation_size(o, corpus.train.size()), common.seed);
  const bert::Subset training{&corpus.train, split.train}, validation{&corpus.train, split.validation};
  bert::Model model = starting_model(o, *tokenizer, corpus.label_names, common.seed);
  const data::Framing framing = framing_of(o, model.config, *tokenizer);
  note_truncation(corpus.train, framing, "training");
  bert::Job job = bert::classification_job(model, training, validation, framing, o.batch, common.seed);
  job.save = [&](const std::filesystem::path& folder) {
    bert::save_model(folder, model);
    save_tokenizer(folder, *tokenizer, framing);
  };
  prepare_out(command, o);
  engine::catch_interrupts();
  const bert::TrainingOutcome outcome =
      bert::train(model, job, trainer_options(command, o, *source, *tokenizer, common.seed));

  const std::filesystem::path out = o.out;
  const bert::Model best = bert::load_model(out / "best");
  const bool has_test = corpus.test.size() > 0;
  const bert::Evaluation e =
      evaluate_with_progress(best, has_test ? bert::Subset::all(corpus.test) : validation, framing, o.batch);
  engine::release_interrupts();
  nlohmann::json result = scores(e);
  result["evaluated_on"] = has_test ? "test" : "validation";
  result["validation_accuracy"] = outcome.best_score;
  result["best_step"] = outcome.best_step;
  result["steps"] = outcome.n_steps;
  add_speed(result, outcome, out);
  result["labels"] = corpus.label_names;
  finish(command, common, out, result,
         fmt::format("{} accuracy {:.4f}, F1 {:.4f}, loss {:.4f} on {} texts (validation accuracy {:.4f})\nmodel: {}\n",
                     has_test ? "test" : "validation", e.accuracy, e.macro_f1, e.loss, e.n, outcome.best_score,
                     (out / "best").string()));
}

}  // namespace

void add_train(CLI::App& program) {
  CLI::App& command = *program.add_subcommand("train", "train a classifier on labelled text");
  const auto common = add_common(command);
  const auto options = std::make_shared<TrainOptions>();
  add_training_options(command, *options);
  command.add_option(
      "--pooling", options->pooling,
      "summary of a text for the classifier: cls or mean; auto: as in the model it starts from, mean if that has none");
  command.add_option("--validation", options->validation,
                     "training texts held out to choose the best epoch by; negative: a tenth, at most 2,500");
  set_action(command, "ingot train --data aclImdb.tar.gz --model tiny --epochs 1 --lr 1e-3 --out runs/imdb", common,
             [&command, options, common] { run(command, *options, *common); });
}

}  // namespace ingot::cli
