// ingot pretrain: masked language modelling on all training texts, labelled or not.
#include <fmt/format.h>

#include <cmath>

#include "bert/pretraining.h"
#include "cli/commands.h"
#include "cli/training_options.h"
#include "engine/base/error.h"
#include "engine/base/process.h"
#include "engine/io/json.h"
#include "pipeline/model_folder.h"
#include "pipeline/output_lock.h"

namespace ingot::cli {
namespace {

// What sets pretraining apart from `train`, chosen on IMDb by the validation accuracy after fine-tuning. Tiny models
// learn more from masking half of a text than from BERT's 15% (cf. Wettig et al. 2023), and from text that begins where
// texts begin: of random windows they learn word frequencies for most of the run.
struct PretrainOptions : pipeline::TrainingOptions {
  PretrainOptions() {
    epochs = 3;
    learning_rate = 3e-3;
    batch = 64;
    length = 128;
    truncation = "head-tail";
    weight_decay = 0.1;
    beta2 = 0.999;
  }
  double masked = 0.5;
};

void run(const Command& command, const PretrainOptions& o, const Common& common) {
  const pipeline::Run run = run_of(command, common);
  pipeline::check_options(o);
  const pipeline::OutputLock lock(o.out, full_name(command));
  pipeline::check_unused(run, o);
  const auto source = pipeline::open_data(o);
  const auto tokenizer = pipeline::tokenizer_of(o, *source, common.seed);
  const bert::TokenCorpus corpus = pipeline::tokenized(*source, *tokenizer);
  std::vector<std::span<const std::int32_t>> texts;
  for (const bert::TokenPart* part : {&corpus.train, &corpus.unlabelled}) {
    for (std::size_t i = 0; i < part->size(); ++i) texts.push_back(part->tokens(i));
  }
  bert::Config config;
  if (o.from.empty()) {
    config = pipeline::config_of(o, *tokenizer);
  } else {
    config = bert::read_config(pipeline::resolve_model_folder(o.from) / "config.json");
    pipeline::check_vocabulary(config, *tokenizer, o.from);
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = static_cast<float>(o.dropout);
  }
  config.task = bert::Task::masked_lm;
  bert::Model model = o.from.empty()
                          ? bert::make_model(config, common.seed)
                          : bert::model_from_body(pipeline::resolve_model_folder(o.from), config, common.seed);
  const data::Framing framing = pipeline::framing_of(o, config, *tokenizer);
  bert::Job job = bert::pretraining_job(model, texts, framing, tokenizer->special(), o.masked, o.batch, common.seed);
  job.save = [&](const std::filesystem::path& folder) {
    bert::save_model(folder, model);
    pipeline::save_tokenizer(folder, *tokenizer, framing);
  };
  pipeline::prepare_out(run, o);
  engine::catch_interrupts();
  const bert::TrainingOutcome outcome = bert::train(model, job, pipeline::trainer_options(run, o, *source, *tokenizer));
  engine::release_interrupts();
  const std::filesystem::path out = o.out;
  engine::Json result{
      {"validation_loss", -outcome.best_score},
      {"validation_perplexity", std::exp(-outcome.best_score)},
      {"best_step", outcome.best_step},
      {"steps", outcome.n_steps},
      {"texts", texts.size()},
      {"tokens_per_second",
       outcome.training_seconds > 0 ? static_cast<double>(outcome.n_tokens) / outcome.training_seconds : 0.0},
      {"training_seconds", outcome.training_seconds}};
  finish(command, common, out, result,
         fmt::format("validation loss {:.4f} (perplexity {:.1f}) after {} steps\nmodel: {}\n", -outcome.best_score,
                     std::exp(-outcome.best_score), outcome.n_steps, (out / "best").string()));
}

}  // namespace

void add_pretrain(Command& program) {
  Command& command =
      program.add_subcommand("pretrain", "learn language from text without labels (masked language model)");
  const auto common = add_common(command);
  const auto options = std::make_shared<PretrainOptions>();
  add_training_options(command, *options);
  command.add_option("--masked", options->masked, "share of the tokens to be predicted").range(0.001, 1.0);
  set_action(command, "ingot pretrain --data aclImdb.tar.gz --model tiny --epochs 3 --out runs/mlm", common,
             [&command, options, common] { run(command, *options, *common); });
}

}  // namespace ingot::cli
