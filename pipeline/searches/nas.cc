#include "pipeline/searches/nas.h"

#include <fmt/format.h>

#include <algorithm>

#include "bert/structure.h"
#include "compress/packed/footprint.h"
#include "compress/prune/pruner.h"
#include "compress/quantize/calibration.h"
#include "engine/base/error.h"
#include "engine/io/json.h"
#include "pipeline/distillation.h"
#include "pipeline/precision.h"
#include "pipeline/quantization.h"
#include "pipeline/searches/measures.h"
#include "pipeline/searches/model_search.h"
#include "search/storage/redis_connection.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
namespace {

using engine::Json;
using engine::require;

struct Space {
  std::vector<std::int64_t> layers, heads, hidden, ffn;
  std::string identity;
};

Space space_of(const NasOptions& o) {
  Space space{.layers = integers_of("--layers", o.layers, 1, 1024),
              .heads = integers_of("--heads", o.heads, 1, 65536),
              .hidden = integers_of("--hidden", o.hidden, 1, 65536),
              .ffn = integers_of("--ffn", o.ffn, 1, 1 << 18),
              .identity = o.identity};
  const bool is_grid = o.search.sampler == "grid";
  if (space.identity.empty()) space.identity = is_grid ? "role" : "each";
  require(space.identity == "each" || space.identity == "role" || space.identity == "never",
          "--identity: must be each, role or never, got '{}'", space.identity);
  require(
      !is_grid || space.identity != "each",
      "--sampler grid: lists every combination, which --identity each has too many of; role or never can be listed");
  return space;
}

const std::vector<std::string> kOperations{"linear", "identity"};

std::vector<std::pair<std::string, std::vector<search::Choice>>> grid_of(const Space& space) {
  std::vector<std::pair<std::string, std::vector<search::Choice>>> grid;
  const auto add = [&](const char* name, const std::vector<std::int64_t>& values) {
    grid.emplace_back(name, std::vector<search::Choice>(values.begin(), values.end()));
  };
  add("layers", space.layers);
  add("heads", space.heads);
  add("hidden", space.hidden);
  add("ffn", space.ffn);
  if (space.identity != "role") return grid;
  for (const bert::Part& linear : bert::optional_linears({.num_hidden_layers = 1}))
    grid.emplace_back(linear.role, std::vector<search::Choice>(kOperations.begin(), kOperations.end()));
  return grid;
}

// The architecture that a trial tries.
bert::Config suggest(search::Trial& trial, const Space& space, bert::Config config) {
  config.num_hidden_layers = trial.suggest_ordinal("layers", space.layers);
  config.num_attention_heads = trial.suggest_ordinal("heads", space.heads);
  config.hidden_size = trial.suggest_ordinal("hidden", space.hidden);
  config.intermediate_size = trial.suggest_ordinal("ffn", space.ffn);
  if (space.identity == "never") return config;
  for (const bert::Part& linear : bert::optional_linears(config)) {
    const std::string name =
        space.identity == "role" ? linear.role : fmt::format("layer{}.{}", linear.layer, linear.role);
    if (trial.suggest_categorical(name, kOperations) == "identity") config.identities.push_back(linear.name);
  }
  return config;
}

// What all architectures have in common.
bert::Config base_config(const NasOptions& o, const TrainingTexts& texts) {
  bert::Config config = config_of(o, *texts.tokenizer);
  config.head = &bert::head_for(texts.corpus.answers);
  config.pooling = bert::Pooling::mean;
  config.label_names = texts.corpus.label_names;
  return config;
}

// A trial ends here if it is not worth its price.
void settle(search::Trial& trial, const bert::Config& config, std::int64_t max_parameters) {
  std::vector<double> constraints{static_cast<double>(config.hidden_size % config.num_attention_heads)};
  // The parameters of sizes that do not go together are not asked for.
  if (max_parameters > 0 && constraints[0] == 0)
    constraints.push_back(static_cast<double>(bert::n_parameters(config) - max_parameters));
  trial.settle(constraints);
}

// Pruned first, so that what is left is calibrated.
void compress_model(const NasOptions& o, const TrialTexts& texts, CompressedModel& m,
                    const std::vector<bert::Input>& batches) {
  if (o.sparsity > 0) {
    const compress::PruneOptions options{
        .method = compress::parse_method("l1"), .sparsity = o.sparsity, .embeddings = o.embeddings, .seed = texts.seed};
    compress::Pruner(m.model, m.compression, options).prune(1);
  }
  if (!o.format.empty()) {
    const compress::QuantizerRequest request = compress::parse_request(o.format);
    const compress::Plan plan = uniform_plan(request, request, true, o.embeddings);
    m.compression =
        compress::calibrate(m.model, m.compression, compress::requests_by_layer(m.model, plan), batches, {});
  }
  compress::attach(m.model, m.compression);
}

class Nas {
 public:
  Nas(const NasOptions& o, Space space, bert::Config base, const TrialTexts& texts, const SearchFolder& folder,
      std::vector<Measure> measures, Json identity)
      : o_(o),
        space_(std::move(space)),
        base_(std::move(base)),
        texts_(texts),
        folder_(folder),
        measures_(std::move(measures)),
        identity_(std::move(identity)),
        steps_(n_steps(texts, o.epochs, o.steps)),
        sums_(sums_of(o.precision)) {
    if (!o.format.empty())
      batches_ = calibration_batches(texts.texts, texts.framing, o.calibration_texts, o.batch, texts.seed);
  }

  std::vector<double> evaluate(search::Trial& trial) {
    const bert::Config config = suggest(trial, space_, base_);
    settle(trial, config, o_.max_parameters);
    const fs::path place = folder_.trial(trial.number());
    const engine::FileLock lock(folder_.trial_lock(trial.number()), engine::Wait::yes);
    fs::create_directories(place);
    TrialClock clock(trial);
    CompressedModel m{bert::make_model(config, texts_.seed), {}};
    m.model.set_sums(sums_);
    // Several measures take no reports.
    Reports reports(trial, clock, place / "reports.json", measures_.size() > 1 ? 0 : report_every());
    TrialTraining training{.name = fmt::format("trial {}", trial.number()),
                           .steps = steps_,
                           .learning_rate = o_.learning_rate,
                           .folder = place / "float",
                           .identity = identity_};
    training.identity["parameters"] = parameters_of(trial.record());
    double accuracy = train_in_trial(texts_, m, training, reports);
    trial.set_user_attr("n_parameters", bert::n_parameters(config));
    if (o_.compresses()) {
      trial.set_user_attr("float_accuracy", accuracy);
      m.model.set_sums(engine::Sums::fastest);  // bfloat16 would round numbers with formats of their own again
      compress_model(o_, texts_, m, batches_);
      accuracy = tuned(m, training, reports, place);
    }
    const std::vector<double> values = measured(measures_, accuracy, m);
    trial.set_user_attr("bytes", compress::footprint(m.model, m.compression).packed_bytes);
    clock.note();
    folder_.keep_if_best(trial.number(), values, measures_, training.folder / "last");
    return values;
  }

 private:
  std::int64_t report_every() const { return std::max<std::int64_t>(1, steps_ / (o_.reports + 1)); }

  // The accuracy of the compressed model, trained on if that is asked for.
  double tuned(CompressedModel& m, TrialTraining& training, Reports& reports, const fs::path& place) {
    training.folder = place / "compressed";
    if (o_.fine_tunes()) {
      training.before = steps_;
      training.steps = n_steps(texts_, o_.fine_tune_epochs, o_.fine_tune_steps);
      training.learning_rate = o_.fine_tune_rate;
      training.identity["compression"] = compress::fingerprint(m.compression);
      return train_in_trial(texts_, m, training, reports);
    }
    save_in_trial(texts_, m, training.folder / "last");
    return bert::first_metric(m.model, bert::evaluate(m.model, texts_.texts.validation, texts_.framing, o_.batch));
  }

  const NasOptions& o_;
  Space space_;
  bert::Config base_;
  const TrialTexts& texts_;
  const SearchFolder& folder_;
  std::vector<Measure> measures_;
  Json identity_;
  std::int64_t steps_;
  engine::Sums sums_;  // of a model in floats
  std::vector<bert::Input> batches_;
};

void check(const NasOptions& o, const Run& run, std::span<const Measure> measures) {
  check_options(o);
  check_search(o, measures);
  check_distillation_options(o);
  check_precision(o.precision);
  require(o.steps >= 0 && o.max_parameters >= 0, "--steps, --max-parameters: must be at least 0, got {} and {}",
          o.steps, o.max_parameters);
  require(o.sparsity >= 0 && o.sparsity < 1, "--sparsity: must be at least 0 and below 1, got {}", o.sparsity);
  require(!run.given.contains("--compress") || !o.format.empty(), "--compress: must be a number format, got ''");
  if (!o.format.empty()) {
    const auto request = format_of_option("--compress", o.format);
    require(request.quantizer.has_value(), "--compress: must be a number format, got '{}'", o.format);
  }
  require(o.compresses() || !(o.embeddings || o.fine_tunes()),
          "--embeddings, --fine-tune-epochs, --fine-tune-steps: are about compressed models; give --compress or "
          "--sparsity");
  require(o.fine_tune_rate > 0, "--fine-tune-lr: must be above 0, got {}", o.fine_tune_rate);
}

}  // namespace

void search_nas(const NasOptions& given, const Run& run, const Finish& finish) {
  SearchRanks ranks;
  const NasOptions o = ranks.of_rank(given);
  const std::vector<Measure> measures = measures_of(o.objectives, {"accuracy", "parameters", "bits", "bytes"});
  check(o, run, measures);
  const Space space = space_of(o);
  search::StudyOptions study = study_options(o.search, run.seed);
  study.sampling.grid = grid_of(space);
  search::make_sampler(study.sampler, study.sampling);  // these complain before any work
  search::check_server(study.storage);
  const OutputLock lock(o.out, run.command, engine::Sharing::together);
  check_unused(run, o, "study.log");
  const std::unique_ptr<TrainingTexts> texts = training_texts(o, o.validation, run.seed);
  const bert::Config base = base_config(o, *texts);
  const data::Framing framing = framing_of(o, base, *texts->tokenizer);
  note_truncation(texts->corpus.train, framing, "training");
  const auto distillation = distillation_of(o, base, *texts, framing, run.seed);
  const TrialTexts trial_texts{.options = o,
                               .texts = *texts,
                               .framing = framing,
                               .report_texts = texts_of_reports(texts->validation, o.report_texts, run.seed),
                               .seed = run.seed,
                               .teaching = distillation != nullptr ? &distillation->teaching : nullptr};
  const SearchFolder folder(o.out, run);
  Json identity = identity_of(run, *texts);
  if (distillation != nullptr) identity.update(identity_of(distillation->teaching));
  Nas nas(o, space, base, trial_texts, folder, measures, identity);
  finish_search(
      {run, finish, o, trial_texts, folder, measures, ranks}, std::move(study), identity,
      [&](search::Trial& trial) { return nas.evaluate(trial); },
      {"layers", "heads", "hidden", "ffn", "n_parameters", "float_accuracy", "seconds"}, "search nas: architectures");
}

}  // namespace ingot::pipeline
