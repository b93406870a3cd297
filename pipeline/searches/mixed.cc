// Trials of this search differ in the formats of some layers only. Done naively, each trial would calibrate the whole
// model and quantise all weights again.
//
// So both are kept for all trials: calibrated fraction bits by format (Quantizers), quantised weights by layer and
// format (Weights). That is possible because a layer is calibrated on its inputs in the model that the search began
// with, and not in the quantised model of the trial. The inputs of a heavily quantised model may lie elsewhere; a trial
// that is trained (--qat-epochs) can adapt to that, and then has weights of its own.
#include "pipeline/searches/mixed.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bert/checkpoint.h"
#include "compress/effective.h"
#include "compress/formats/fixed.h"
#include "compress/lower/whole_model.h"
#include "compress/packed/footprint.h"
#include "compress/quantize/calibration.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/io/json.h"
#include "pipeline/classifier.h"
#include "pipeline/quantization.h"
#include "pipeline/searches/first_trial.h"
#include "pipeline/searches/format_space.h"
#include "pipeline/searches/measures.h"
#include "pipeline/searches/model_search.h"
#include "pipeline/searches/whole_formats.h"
#include "search/storage/redis_connection.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
namespace {

using compress::Compression;
using compress::Role;
using engine::Json;
using engine::require;

// What a trial quantises: a layer or table, its weight's format and its input's.
struct Choice {
  SearchedTensor tensor;
  std::string weight, input;
};

std::vector<Choice> choices_of(const MixedOptions& o, const std::vector<SearchedTensor>& tensors,
                               const std::vector<FormatSpace>& spaces, const Pick& pick) {
  std::vector<Choice> choices;
  for (const SearchedTensor& tensor : tensors) {
    const std::string weight = pick_format(tensor, spaces, pick);
    choices.push_back({tensor, weight, o.inputs == "same" ? weight : o.inputs});
  }
  return choices;
}

// Turns formats by layer into a compression. What is calibrated for one trial serves all: the fraction bits of a tensor
// depend on its format alone.
class Quantizers {
 public:
  Quantizers(const CompressedModel& start, const MixedOptions& o, const std::vector<bert::Input>& batches)
      : start_(start), per_channel_(o.per == "channel"), batches_(batches) {}

  Compression compression(const std::vector<Choice>& choices) {
    Compression all = start_.compression;
    for (const Choice& choice : choices) {
      const compress::LayerCompression weight = in(choice.weight, choice.tensor.layer);
      compress::LayerCompression& layer = all[choice.tensor.layer];
      layer[Role::weight] = weight[Role::weight];
      if (choice.tensor.is_table) continue;
      layer[Role::bias] = weight[Role::bias];
      layer[Role::input] = in(choice.input, choice.tensor.layer)[Role::input];
    }
    return all;
  }

 private:
  // The layer when all layers are in this format.
  compress::LayerCompression in(const std::string& format, const std::string& layer) {
    auto known = by_format_.find(format);
    if (known == by_format_.end()) {
      const compress::QuantizerRequest request = compress::parse_request(format);
      bert::Model model = start_.model;
      const compress::Plan plan = uniform_plan(request, request, per_channel_, true);
      Compression calibrated =
          compress::calibrate(model, start_.compression, compress::requests_by_layer(model, plan), batches_, {});
      known = by_format_.emplace(format, std::move(calibrated)).first;
    }
    const auto found = known->second.find(layer);
    return found == known->second.end() ? compress::LayerCompression{} : found->second;
  }

  const CompressedModel& start_;
  bool per_channel_;
  const std::vector<bert::Input>& batches_;
  std::map<std::string, Compression> by_format_;
};

// Quantised weights by layer and format: trials differ in some layers only, and batches in none.
class Weights {
 public:
  // A model to evaluate, whose weights and biases are quantised once instead of with every batch.
  bert::Model frozen(const CompressedModel& start, const Compression& compression, const std::vector<Choice>& choices) {
    bert::Model model = start.model;
    compress::attach(model, compression);
    std::map<std::string, std::string> formats;
    for (const Choice& choice : choices) formats[choice.tensor.layer] = choice.weight;
    return compress::baked(
        model, [&](const std::string& layer, const auto& make) { return get(layer, formats[layer], make); });
  }

 private:
  template <class Make>
  engine::Variable get(const std::string& layer, const std::string& format, const Make& make) {
    const auto [at, is_new] = known_.try_emplace(layer + " " + format);
    if (is_new) at->second = engine::Variable(make());
    return at->second;
  }

  std::map<std::string, engine::Variable> known_;
};

std::vector<WidthAxis> axes_of(const MixedOptions& o, bert::Model& model) {
  if (!o.integer_only) return {};
  return whole_axes(model, {.weights = o.widths, .edges = o.edge_widths, .residuals = o.residual_widths});
}

class Mixed {
 public:
  Mixed(const MixedOptions& o, CompressedModel& start, const std::vector<FormatSpace>& spaces, const TrialTexts& texts,
        const SearchFolder& folder, const std::vector<Measure>& measures, Json identity)
      : o_(o),
        start_(start),
        spaces_(spaces),
        texts_(texts),
        folder_(folder),
        measures_(measures),
        identity_(std::move(identity)),
        batches_(calibration_batches(texts.texts, texts.framing, o.calibration_texts, o.batch, texts.seed)),
        quantizers_(start, o, batches_),
        tensors_(searched_tensors(start.model, o.embeddings)),
        axes_(axes_of(o, start.model)),
        whole_quantizers_(start, batches_) {}

  std::vector<double> evaluate(search::Trial& trial) {
    const Pick pick = [&](const std::string& name, const search::Distribution& d) { return trial.suggest(name, d); };
    const std::vector<Choice> choices = o_.integer_only ? std::vector<Choice>() : choose(pick);
    const Compression compression = compression_of(choices, pick);
    bert::Model model = start_.model;
    const double bits = compress::average_bits(model, compression);
    trial.settle(o_.max_bits > 0 ? std::vector{bits - o_.max_bits} : std::vector<double>{});
    const fs::path place = folder_.trial(trial.number());
    const engine::FileLock lock(folder_.trial_lock(trial.number()), engine::Wait::yes);
    fs::create_directories(place);
    TrialClock clock(trial);
    trial.set_user_attr("average_bits", bits);
    CompressedModel m{std::move(model), compression};
    const double accuracy = o_.trains() ? tuned(trial, clock, m, place) : at_once(trial, m, choices);
    const std::vector<double> values = measured(measures_, accuracy, m);
    clock.note();
    if (!o_.trains()) save_in_trial(texts_, m, place / "last", /*is_trained=*/false);
    folder_.keep_if_best(trial.number(), values, measures_, place / "last");
    return values;
  }

  // What `ingot quantize --plan` reads to do the same.
  std::string plan_of(const search::TrialRecord& record) const {
    std::string text = fmt::format("# trial {} of ingot search mixed, which calibrated on {} texts\n", record.number,
                                   o_.calibration_texts);
    const Pick pick = [&](const std::string& name, const search::Distribution&) {
      const auto found = record.parameters.find(name);
      require(found != record.parameters.end(), "trial {}: has no parameter {}: its plan is not known", record.number,
              name);
      return found->second.value;
    };
    if (o_.integer_only) return text + whole_plan_text(pick_formats(axes_, pick));
    for (const Choice& choice : choose(pick)) {
      const compress::QuantizerRequest weight = compress::parse_request(choice.weight);
      const bool is_of_tensor = weight.is_calibrated && !compress::as_fixed(weight.quantizer->format);
      text += fmt::format("\n[[{}]]\nname = \"{}\"\nweight = \"{}\"\nper = \"{}\"\n",
                          choice.tensor.is_table ? "embeddings" : "layers", choice.tensor.layer, choice.weight,
                          is_of_tensor ? "tensor" : o_.per);
      if (choice.tensor.is_table) continue;
      text += fmt::format("input = \"{}\"\nbias = \"{}\"\n", choice.input,
                          weight.is_calibrated ? "float32" : choice.weight);
    }
    return text;
  }

 private:
  std::vector<Choice> choose(const Pick& pick) const { return choices_of(o_, tensors_, spaces_, pick); }

  Compression compression_of(const std::vector<Choice>& choices, const Pick& pick) {
    return o_.integer_only ? whole_quantizers_.compression(pick_formats(axes_, pick))
                           : quantizers_.compression(choices);
  }

  double at_once(search::Trial& trial, const CompressedModel& m, const std::vector<Choice>& choices) {
    if (o_.integer_only) return at_once_in_integers(trial, m);
    const bert::Model frozen = weights_.frozen(start_, m.compression, choices);
    const bert::Evaluation e = bert::evaluate(frozen, texts_.texts.validation, texts_.framing, o_.batch);
    trial.set_user_attr("loss", e.loss);
    return bert::first_metric(frozen, e);
  }

  double at_once_in_integers(search::Trial& trial, const CompressedModel& m) {
    bert::Model model = start_.model;
    compress::attach(model, m.compression);
    compress::WholeModel whole(model, m.compression);
    const bert::Evaluation e =
        bert::evaluate(outputs_of(model.config, whole), texts_.texts.validation, texts_.framing, o_.batch);
    trial.set_user_attr("loss", e.loss);
    return bert::first_metric(model, e);
  }

  // Trained with its quantisation, in weights of its own.
  double tuned(search::Trial& trial, TrialClock& clock, CompressedModel& m, const fs::path& place) {
    bert::Config config = start_.model.config;
    // Codes times a factor of dropout would be no codes.
    config.hidden_dropout_prob = config.attention_probs_dropout_prob =
        o_.integer_only ? 0 : static_cast<float>(o_.dropout);
    std::map<std::string, engine::Tensor> tensors;
    for (const engine::Parameter& p : start_.model.parameters()) tensors[p.name] = p.variable.value().clone();
    m.model = bert::model_of(config, tensors);
    compress::attach(m.model, m.compression);
    TrialTraining training{.name = fmt::format("trial {}", trial.number()),
                           .steps = n_steps(texts_, o_.epochs, o_.steps),
                           .learning_rate = o_.learning_rate,
                           .folder = place,
                           .identity = identity_};
    training.identity["parameters"] = parameters_of(trial.record());
    const std::int64_t every = std::max<std::int64_t>(1, training.steps / (o_.reports + 1));
    Reports reports(trial, clock, place / "reports.json", measures_.size() > 1 ? 0 : every);
    return train_in_trial(texts_, m, training, reports);
  }

  const MixedOptions& o_;
  CompressedModel& start_;
  const std::vector<FormatSpace>& spaces_;
  const TrialTexts& texts_;
  const SearchFolder& folder_;
  const std::vector<Measure>& measures_;
  Json identity_;
  const std::vector<bert::Input> batches_;
  Quantizers quantizers_;
  std::vector<SearchedTensor> tensors_;
  std::vector<WidthAxis> axes_;  // with --integer-only
  WholeQuantizers whole_quantizers_;
  Weights weights_;
};

void check(const MixedOptions& o, const Run& run, std::span<const Measure> measures) {
  check_options(o);
  for (const char* option : {"--formats", "--fracs", "--inputs", "--per", "--embeddings"})
    require(!o.integer_only || !run.given.contains(option), "{}: is said by --integer-only", option);
  for (const char* option : {"--edge-widths", "--residual-widths"})
    require(o.integer_only || !run.given.contains(option), "{}: goes with --integer-only", option);
  const std::vector<std::string> formats = items_of("--formats", o.formats);
  const bool has_fixed = std::find(formats.begin(), formats.end(), "fixed") != formats.end();
  for (const char* option : {"--widths", "--fracs", "--per"})
    require(has_fixed || !run.given.contains(option), "{}: goes with fixed, got --formats {}", option, o.formats);
  check_search(o, measures);
  require(o.pruner == "none" || o.trains(), "--pruner {}: ends training early; give --qat-epochs or --qat-steps",
          o.pruner);
  require(o.per == "channel" || o.per == "tensor", "--per: must be channel or tensor, got '{}'", o.per);
  if (o.inputs != "same") format_of_option("--inputs", o.inputs);
  require(o.max_bits >= 0 && std::isfinite(o.max_bits), "--max-bits: must be above 0, or 0 for no limit, got {}",
          o.max_bits);
}

// A request as far as its bits are known before it is calibrated: with how many fraction bits, not which.
compress::Quantizer uncalibrated(const compress::QuantizerRequest& request, bool by_channel, std::int64_t n_channels) {
  compress::Quantizer quantizer = *request.quantizer;
  if (by_channel) quantizer.channel_frac_bits.assign(static_cast<std::size_t>(n_channels), 0);
  return quantizer;
}

// What `start` becomes with these weights; inputs take no bits of a parameter.
Compression uncalibrated(CompressedModel& start, const std::vector<Choice>& choices, bool per_channel) {
  std::map<std::string, std::int64_t> n_channels;
  for (const auto& [name, linear] : start.model.linears()) n_channels[name] = linear->weight.shape()[0];
  for (const auto& [name, table] : start.model.tables()) n_channels[name] = table->weight.shape()[0];
  Compression all = start.compression;
  for (const Choice& choice : choices) {
    const compress::QuantizerRequest request = compress::parse_request(choice.weight);
    const bool by_channel = per_channel && request.is_calibrated && compress::as_fixed(request.quantizer->format);
    compress::LayerCompression& layer = all[choice.tensor.layer];
    layer[Role::weight] = uncalibrated(request, by_channel, n_channels.at(choice.tensor.layer));
    if (choice.tensor.is_table) continue;
    layer[Role::bias].reset();
    if (!request.is_calibrated) layer[Role::bias] = request.quantizer;
  }
  return all;
}

// The same of a model in integers.
Compression uncalibrated(CompressedModel& start, const std::vector<TensorFormat>& formats) {
  Compression all;
  const compress::QuantizerRequest bias = compress::parse_request("fixed(24,sums)");
  const auto set = [&](const std::string& name, std::int64_t n_channels, bool has_bias) {
    for (const TensorFormat& f : formats) {
      if (f.tensor.layer == name && f.tensor.role == Role::weight)
        all[name][Role::weight] = uncalibrated(compress::parse_request(f.format), true, n_channels);
    }
    if (has_bias) all[name][Role::bias] = uncalibrated(bias, true, n_channels);
  };
  for (const auto& [name, linear] : start.model.linears()) set(name, linear->weight.shape()[0], true);
  for (const auto& [name, table] : start.model.tables()) set(name, table->weight.shape()[0], false);
  return all;
}

// What a search within --max-bits tries first. Throws Error if nothing can be within it.
Parameters first_trial(const MixedOptions& o, CompressedModel& start, const std::vector<FormatSpace>& spaces,
                       const std::vector<WidthAxis>& axes) {
  const std::vector<SearchedTensor> tensors = searched_tensors(start.model, o.embeddings);
  return first_below(o.max_bits, o.integer_only ? alternatives_of(axes) : alternatives_of(tensors, spaces),
                     [&](const Parameters& parameters) {
                       const Pick pick = [&](const std::string& name, const search::Distribution& d) {
                         return pick_from(parameters, name, d);
                       };
                       return compress::average_bits(
                           start.model, o.integer_only ? uncalibrated(start, pick_formats(axes, pick))
                                                       : uncalibrated(start, choices_of(o, tensors, spaces, pick),
                                                                      o.per == "channel"));
                     });
}

// Accuracy and bits of the model that is searched from, beside which a front is drawn.
StartingPoint start_of(const SearchFolder& folder, const CompressedModel& start, const TrialTexts& texts) {
  if (const Json before = folder.earlier_result(); before.is_object()) {
    const auto known = start_from_json({before, folder.result_file().string()});
    if (known) return *known;  // the same model, or it were refused
  }
  CompressedModel model = start;
  compress::attach(model.model, model.compression);
  const double accuracy = bert::first_metric(
      model.model, bert::evaluate(model.model, texts.texts.validation, texts.framing, texts.options.batch));
  return {.accuracy = accuracy, .bits = compress::average_bits(model.model, model.compression)};
}

// The plan of the best trial, and of those of the front.
void write_plans(const Mixed& mixed, const SearchFolder& folder, const SearchResult& result, bool has_front) {
  if (result.best) engine::write_file(folder.path() / "plan.toml", mixed.plan_of(result.trial(*result.best)));
  if (!has_front) return;
  fs::create_directories(folder.path() / "plans");
  for (const int number : result.front) {
    engine::write_file(folder.path() / "plans" / fmt::format("trial-{}.toml", number),
                       mixed.plan_of(result.trial(number)));
  }
}

}  // namespace

void search_mixed(const MixedOptions& given, const Run& run, const Finish& finish) {
  SearchRanks ranks;
  const MixedOptions o = ranks.of_rank(given);
  const std::vector<Measure> measures = measures_of(o.objectives, {"accuracy", "bits", "bytes", "hardware"});
  check(o, run, measures);
  const std::vector<FormatSpace> spaces = format_spaces(o.formats, o.widths, o.fracs);
  const bool is_cast =
      std::any_of(measures.begin(), measures.end(), [](const Measure& m) { return m.name == "hardware"; });
  require(!is_cast || (o.formats == "fixed" && (o.inputs == "same" || o.inputs.find("fixed(") != std::string::npos)),
          "--objectives hardware: is of fixed point; got --formats {} and --inputs {}", o.formats, o.inputs);
  CompressedModel start = starting_classifier(o);
  search::StudyOptions study = study_options(o.search, run.seed);
  const std::vector<WidthAxis> axes = axes_of(o, start.model);
  require(!o.integer_only || start.compression.empty(),
          "--integer-only: needs a model in floats to start from; {} is compressed", o.from);
  if (o.search.sampler == "grid")
    study.sampling.grid = o.integer_only ? grid_of(axes) : grid_of(searched_tensors(start.model, o.embeddings), spaces);
  if (o.max_bits > 0) {
    Parameters first = first_trial(o, start, spaces, axes);
    if (o.search.sampler != "grid") study.first = std::move(first);  // a grid has an order of its own
  }
  search::make_sampler(study.sampler, study.sampling);  // these complain before any work
  search::check_server(study.storage);
  const OutputLock lock(o.out, run.command, engine::Sharing::together);
  check_unused(run, o, "study.log");
  const std::unique_ptr<TrainingTexts> texts = training_texts(o, *start.model.config.head, o.validation, run.seed);
  match_labels(start.model.config, *texts);
  const data::Framing framing = framing_of(o, start.model.config, *texts->tokenizer);
  const TrialTexts trial_texts{o, *texts, framing, texts_of_reports(texts->validation, o.report_texts, run.seed),
                               run.seed};
  const SearchFolder folder(o.out, run);
  Json identity = identity_of(run, *texts);
  identity["from_fingerprint"] = bert::weights_fingerprint(resolve_model_folder(o.from));
  identity["from_compression"] = compress::fingerprint(start.compression);
  Mixed mixed(o, start, spaces, trial_texts, folder, measures, identity);
  finish_search(
      {run, finish, o, trial_texts, folder, measures, ranks,
       [&](SearchResult& result) {
         const bool has_front = measures.size() > 1;
         write_plans(mixed, folder, result, has_front);
         if (has_front) result.start = start_of(folder, start, trial_texts);
       }},
      std::move(study), identity, [&](search::Trial& trial) { return mixed.evaluate(trial); },
      {"average_bits", "loss", "seconds"}, "search mixed: number formats by layer");
}

}  // namespace ingot::pipeline
