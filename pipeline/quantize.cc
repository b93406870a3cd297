#include "pipeline/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "compress/encoder_functions.h"
#include "compress/formats/fixed.h"
#include "compress/formats/kind.h"
#include "compress/lower/whole_model.h"
#include "compress/quantize/calibration.h"
#include "compress/quantize/integer_plan.h"
#include "compress/quantize/learned_scales.h"
#include "engine/base/error.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "pipeline/distillation.h"
#include "pipeline/fine_tuning.h"
#include "pipeline/model_folder.h"
#include "pipeline/output_lock.h"
#include "pipeline/quantization.h"
#include "pipeline/rank_folder.h"

namespace ingot::pipeline {
namespace {

using engine::require;

// --format with --width and --frac, in the notation of plans.
std::string format_text(const Run& run, const QuantizeOptions& o) {
  if (o.format == "fixed" || o.format == "ufixed") return fmt::format("{}({},{})", o.format, o.width, o.frac);
  for (const char* option : {"--width", "--frac"}) {
    require(!run.given.contains(option), "{}: goes with --format fixed; {} says its own", option, o.format);
  }
  return o.format;
}

// A width in bits, ternary or binary, in the notation of plans.
std::string weight_format(const char* option, const std::string& text) {
  if (text == "ternary" || text == "binary") return text + "_pow2(calibrated)";
  int width = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), width);
  require(error == std::errc() && end == text.data() + text.size() && width >= 2 && width <= 16,
          "{}: must be a number of bits from 2 to 16, ternary or binary, got '{}'", option, text);
  return fmt::format("fixed({},calibrated)", width);
}

compress::Plan integer_plan_from_options(const Run& run, const QuantizeOptions& o) {
  for (const char* option : {"--format", "--frac", "--per", "--mode", "--embeddings", "--outputs", "--clipped-ste"})
    require(!run.given.contains(option), "{}: is said by --integer-only", option);
  compress::IntegerWidths widths{.activations = o.width,
                                 .weights = weight_format("--weight-format", o.weight_format),
                                 .embeddings = weight_format("--embedding-format", o.embedding_format),
                                 .residual = o.residual_width,
                                 .is_cheap = o.cheap};
  if (o.cheap) {
    widths.exponentials = 8;
    if (!run.given.contains("--residual-width")) widths.residual = 12;
  }
  return compress::integer_plan(widths);
}

compress::Plan plan_from_options(const Run& run, const QuantizeOptions& o) {
  if (o.integer_only) return integer_plan_from_options(run, o);
  for (const char* option : {"--weight-format", "--embedding-format", "--residual-width", "--cheap"})
    require(!run.given.contains(option), "{}: goes with --integer-only", option);
  compress::QuantizerRequest request = format_of_option("--format", format_text(run, o));
  require(request.quantizer.has_value(), "--format: must be a number format, got '{}'", o.format);
  require(!run.given.contains("--per") || compress::as_fixed(request.quantizer->format),
          "--per: goes with fixed point; {} has no fraction bits by channel", o.format);
  request.quantizer->mode = compress::parse_mode(o.mode);
  request.quantizer->clip = o.clipped_ste;
  compress::check_mode(request.quantizer->format, request.quantizer->mode);
  const bool by_default = !run.given.contains("--per") && request.quantizer->mode == compress::Mode::mase;
  compress::Plan plan = uniform_plan(request, request, o.per == "channel" && !by_default, o.embeddings);
  if (o.outputs == 0) return plan;
  require(o.format == "fixed" || o.format == "ufixed", "--outputs: goes with --format fixed, got {}", o.format);
  compress::PlanEntry outputs{.pattern = "*"};
  outputs.requests[compress::Role::bias] = compress::parse_request("fixed(24,sums)");
  outputs.requests[compress::Role::output] = compress::parse_request(fmt::format("fixed({},calibrated)", o.outputs));
  plan.push_back(outputs);
  return plan;
}

compress::Plan plan_of(const Run& run, const QuantizeOptions& o) {
  if (o.plan.empty()) return plan_from_options(run, o);
  if (o.integer_only) {
    compress::Plan plan = integer_plan_from_options(run, o);
    const compress::Plan changes = compress::read_plan(o.plan);
    plan.insert(plan.end(), changes.begin(), changes.end());
    return plan;
  }
  for (const char* option : {"--format", "--width", "--frac", "--per", "--mode", "--embeddings", "--outputs",
                             "--clipped-ste", "--weight-format", "--embedding-format", "--residual-width", "--cheap"}) {
    require(!run.given.contains(option), "{}: is said by the plan; give it there, or no --plan", option);
  }
  return compress::read_plan(o.plan);
}

compress::CalibrationOptions calibration_options(const Run& run, const QuantizeOptions& o) {
  require(o.method == "mse" || o.method == "percentile", "--method: must be mse or percentile, got '{}'", o.method);
  require(o.method == "percentile" || !run.given.contains("--percentile"),
          "--percentile: goes with --method percentile");
  require(o.percentile > 0 && o.percentile <= 100, "--percentile: must be above 0 and at most 100, got {}",
          o.percentile);
  require(o.calibration_texts >= 1, "--calibration-texts: must be at least 1, got {}", o.calibration_texts);
  using Method = compress::CalibrationMethod;
  return {.method = o.method == "mse" ? Method::mse : Method::percentile, .percentile = o.percentile};
}

void check(const QuantizeOptions& o) {
  check_options(o);
  check_fine_tuning_options(o, nullptr);
  require(o.per == "channel" || o.per == "tensor", "--per: must be channel or tensor, got '{}'", o.per);
  require(o.has_training() || !o.learn_scales, "--learn-scales: is done in training; give --qat-epochs");
  require(o.has_training() || o.freeze.empty(), "--freeze: is about training; give --qat-epochs");
}

// Parameters that match one of the patterns, which commas separate, are not trained.
void freeze(const bert::Model& model, const std::string& patterns) {
  const std::vector<engine::Parameter> parameters = model.parameters();
  std::size_t begin = 0;
  while (begin < patterns.size()) {
    const std::size_t end = std::min(patterns.find(',', begin), patterns.size());
    const std::string pattern = patterns.substr(begin, end - begin);
    begin = end + 1;
    bool found = false;
    for (const engine::Parameter& p : parameters) {
      if (!compress::matches(pattern, p.name)) continue;
      found = true;
      p.variable.node()->requires_gradient = false;
    }
    require(found, "--freeze: '{}' matches none of the {} parameters, the first of which is {}", pattern,
            parameters.size(), parameters.front().name);
  }
  require(
      std::any_of(parameters.begin(), parameters.end(), [](const auto& p) { return p.variable.requires_gradient(); }),
      "--freeze: '{}' leaves nothing to train", patterns);
}

compress::Compression calibrated(CompressedModel& start, const compress::Plan& plan,
                                 const compress::CalibrationOptions& how, const std::vector<bert::Input>& batches) {
  std::unique_ptr<engine::Progress> meter;
  return compress::calibrate(start.model, start.compression, compress::requests_by_layer(start.model, plan), batches,
                             how, [&](std::int64_t done, std::int64_t total) {
                               if (meter == nullptr) meter = std::make_unique<engine::Progress>("calibrate", total);
                               meter->update(done);
                             });
}

bert::Model with(const bert::Model& model, const compress::Compression& compression) {
  bert::Model attached = model;
  compress::attach(attached, compression);
  return attached;
}

// What cannot be integers is said before training.
void check_integers(const CompressedModel& start) {
  bert::Model model = with(start.model, start.compression);
  engine::with_subject("--integer-only", [&] { compress::lower_model(model, start.compression); });
}

// Codes times a factor of dropout would be no codes.
void train_without_dropout(bert::Model& model) {
  bert::Config config = model.config;
  config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0;
  model = bert::with_config(model, config);
}

std::string size_line(const compress::Footprint& footprint) {
  return fmt::format("{:.2f} bits a parameter: {} bytes packed, {} in float32\n", footprint.average_bits,
                     footprint.packed_bytes, footprint.float_bytes);
}

}  // namespace

void quantize_classifier(const QuantizeOptions& options, const Run& run, const Finish& finish) {
  RankFolder folder;
  const QuantizeOptions o = folder.of_rank(options);
  const compress::Plan plan = plan_of(run, o);
  const compress::CalibrationOptions how = calibration_options(run, o);
  check(o);
  check_distillation_options(o);
  const OutputLock lock(o.out, run.command);
  check_unused(run, o);
  CompressedModel start = starting_classifier(o);
  check_fine_tuning_options(o, start.model.config.head);
  compress::requests_by_layer(start.model, plan);
  freeze(start.model, o.freeze);
  const std::unique_ptr<TrainingTexts> texts = training_texts(o, *start.model.config.head, o.validation, run.seed);
  match_labels(start.model.config, *texts);
  const data::Framing framing = framing_of(o, start.model.config, *texts->tokenizer);
  note_truncation(texts->corpus.train, framing, "training");
  start.compression =
      calibrated(start, plan, how, calibration_batches(*texts, framing, o.calibration_texts, o.batch, run.seed));
  if (compress::has_integer_encoder(with(start.model, start.compression))) train_without_dropout(start.model);
  if (o.integer_only) check_integers(start);
  const compress::LearnedScales scales(start.model.config,
                                       o.learn_scales ? start.compression : compress::Compression());
  compress::attach(start.model, start.compression);
  const auto distillation = distillation_of(o, start.model.config, *texts, framing, run.seed);
  const FineTuning fine_tuning{run,
                               o,
                               *texts,
                               framing,
                               start.model,
                               start.compression,
                               distillation != nullptr ? &distillation->teaching : nullptr};
  bert::Job job = fine_tuning_job(fine_tuning);
  if (o.learn_scales) {
    if (o.integer_only) engine::say("note: softmaxes keep their scales: tables of exponentials are made for them");
    const engine::ParameterGroup& learned = job.parameters.emplace_back(scales.parameters());
    require(!learned.parameters.empty(), "--learn-scales: the plan has no fixed-point format in mode standard");
    for (const engine::Parameter& p : learned.parameters) job.state.push_back({p.name, p.variable.value()});
    scales.attach(start.model);
    job.save = [&scales, &compression = start.compression, save = job.save](const std::filesystem::path& folder) {
      scales.write_to(compression);
      save(folder);
    };
  }
  const FineTuned result = fine_tune(fine_tuning, job);
  finish(as_json(result), summary(result.best, o.out) + size_line(result.best.footprint));
}

}  // namespace ingot::pipeline
