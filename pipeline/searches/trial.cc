#include "pipeline/searches/trial.h"

#include <fmt/format.h>

#include <algorithm>

#include "bert/train/trainer.h"
#include "engine/base/files.h"
#include "engine/base/process.h"
#include "engine/base/rng.h"
#include "engine/io/json.h"
#include "engine/io/saved.h"
#include "pipeline/model_folder.h"
#include "pipeline/seen_texts.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
using engine::Json;

bert::Subset texts_of_reports(const bert::Subset& validation, std::int64_t n_texts, std::uint64_t seed) {
  bert::Subset chosen = validation;
  engine::Rng rng(seed, static_cast<std::uint64_t>(engine::Stream::sampling) << 56);
  engine::shuffle(chosen.examples, rng);
  chosen.examples.resize(std::min(chosen.examples.size(), static_cast<std::size_t>(n_texts)));
  return chosen;
}

std::int64_t n_steps(const TrialTexts& trial, std::int64_t epochs, std::int64_t steps) {
  std::size_t n_texts = trial.texts.training.examples.size();
  if (trial.teaching != nullptr) n_texts += trial.teaching->unlabelled.examples.size();
  const auto n = static_cast<std::int64_t>(n_texts);
  return steps > 0 ? steps : epochs * ((n + trial.options.batch - 1) / trial.options.batch);
}

TrialClock::TrialClock(search::Trial& trial) : trial_(trial), before_(0), begin_(engine::usage().wall_seconds) {
  const Json attributes = trial.record().user_attributes;
  if (const auto seconds = attributes.find("seconds"); seconds != attributes.end() && seconds->is_number())
    before_ = std::max(0.0, seconds->get<double>());
}

void TrialClock::note() { trial_.set_user_attr("seconds", before_ + engine::usage().wall_seconds - begin_); }

Reports::Reports(search::Trial& trial, TrialClock& clock, fs::path file, std::int64_t every)
    : trial_(trial), clock_(clock), file_(std::move(file)), every_(every), saved_(Json::array()) {
  if (!fs::exists(file_)) return;
  saved_ = engine::parse_json_or_null(engine::read_file(file_));
  engine::require(saved_.is_array(), "{}: holds no reports", file_.string());
  for (const Json& item : saved_) {
    engine::require(item.is_array() && item.size() == 2, "{}: must hold pairs of step and value, got {}",
                    file_.string(), engine::shown(item));
    report(engine::checked<std::int64_t>(item.at(0), file_.string()),
           engine::checked<double>(item.at(1), file_.string()));
  }
}

void Reports::add(std::int64_t step, double value) {
  const bool is_known = std::any_of(saved_.begin(), saved_.end(), [&](const Json& item) { return item[0] == step; });
  if (is_known) return;  // from before the state that the training went on from
  clock_.note();
  saved_.push_back({step, value});
  engine::write_file(file_, saved_.dump() + "\n");
  report(step, value);
}

void Reports::report(std::int64_t step, double value) {
  trial_.report(value, step);
  if (trial_.should_prune()) throw search::Pruned();
}

void save_in_trial(const TrialTexts& trial, CompressedModel& m, const fs::path& folder, bool is_trained) {
  bert::save_model(folder, m.model);
  compress::save_compression(folder, m.compression);
  data::Framing framing = trial.framing;
  framing.pairs = trial.texts.corpus.has_pairs;
  save_tokenizer(folder, *trial.texts.tokenizer, framing);
  SeenTexts seen = seen_texts(is_trained ? trial.texts.training : bert::Subset{}, trial.texts.validation);
  if (!trial.options.from.empty()) seen = merged(load_seen_texts(resolve_model_folder(trial.options.from)), seen);
  save_seen_texts(folder, seen);
}

double train_in_trial(const TrialTexts& trial, CompressedModel& start, const TrialTraining& training,
                      Reports& reports) {
  const TrainingOptions& o = trial.options;
  bert::Job job = bert::classification_job(
      start.model, trial.texts.training, trial.texts.validation, trial.framing, o.batch, trial.seed,
      {.teaching = trial.teaching, .shards = shards_of(o, *start.model.config.head)});
  job.name = training.name;
  // One epoch of as many steps as are asked for, whichever texts they are of.
  job.step = [step = job.step, per_epoch = job.batches_per_epoch * job.shards](std::int64_t, std::int64_t index,
                                                                               engine::DropoutStreams& streams) {
    return step(index / per_epoch, index % per_epoch, streams);
  };
  job.batches_per_epoch = training.steps;
  job.before_update = [&](std::int64_t step, const engine::AdamW&) {
    if (!reports.is_due(step)) return;
    reports.add(training.before + step, bert::first_metric(start.model, bert::evaluate(start.model, trial.report_texts,
                                                                                       trial.framing, o.batch)));
  };
  job.save = [&](const fs::path& folder) { save_in_trial(trial, start, folder); };
  fs::create_directories(training.folder);
  bert::TrainerOptions how = trainer_options(o, trial.seed);
  how.n_epochs = 1;
  how.learning_rate = training.learning_rate;
  how.resume = true;
  how.out = training.folder;
  how.identity = training.identity.dump();
  try {
    return bert::train(start.model.parameters(), job, how).best_score;
  } catch (const bert::Diverged& diverged) {
    throw std::runtime_error(diverged.what());
  }
}

}  // namespace ingot::pipeline
