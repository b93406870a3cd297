// ingot quantize: a classifier in another number format, after training or by training on.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/commands.h"
#include "cli/training_options.h"
#include "compress/formats/kind.h"
#include "compress/quantize/calibration.h"
#include "compress/quantize/learned_scales.h"
#include "engine/base/error.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "pipeline/fine_tuning.h"
#include "pipeline/model_folder.h"
#include "pipeline/output_lock.h"
#include "pipeline/quantization.h"

namespace ingot::cli {
namespace {

using engine::require;

struct QuantizeOptions : pipeline::TrainingOptions {
  QuantizeOptions() {
    epochs = 0;
    learning_rate = 3e-4;
    length = 0;
  }
  std::string format = "fixed";
  int width = 8;
  std::string frac = "calibrated";
  std::string per = "channel";
  std::string method = "mse";
  double percentile = 99.9;
  std::int64_t calibration_texts = 256;
  bool embeddings = false;
  int outputs = 0;
  std::string mode = "standard";
  std::string plan;
  bool clip_gradients = false;
  bool learn_scales = false;
  std::string freeze;
  std::int64_t validation = -1;
};

// --format with --width and --frac, in the notation of plans.
std::string format_text(const Command& command, const QuantizeOptions& o) {
  if (o.format == "fixed" || o.format == "ufixed") return fmt::format("{}({},{})", o.format, o.width, o.frac);
  for (const char* option : {"--width", "--frac"}) {
    require(!command.given(option), "{}: goes with --format fixed; {} says its own", option, o.format);
  }
  return o.format;
}

compress::Plan plan_from_options(const Command& command, const QuantizeOptions& o) {
  compress::QuantizerRequest request = compress::parse_request(format_text(command, o));
  require(request.quantizer.has_value(), "--format: must be a number format, got '{}'", o.format);
  request.quantizer->mode = compress::parse_mode(o.mode);
  request.quantizer->clip = o.clip_gradients;
  compress::check_mode(request.quantizer->format, request.quantizer->mode);
  const bool by_default = !command.given("--per") && request.quantizer->mode == compress::Mode::mase;
  compress::Plan plan = pipeline::uniform_plan(request, request, o.per == "channel" && !by_default, o.embeddings);
  if (o.outputs == 0) return plan;
  require(o.format == "fixed" || o.format == "ufixed", "--outputs: goes with --format fixed, got {}", o.format);
  compress::PlanEntry outputs{.pattern = "*"};
  outputs.requests[static_cast<std::size_t>(compress::Role::bias)] = compress::parse_request("fixed(24,sums)");
  outputs.requests[static_cast<std::size_t>(compress::Role::output)] =
      compress::parse_request(fmt::format("fixed({},calibrated)", o.outputs));
  plan.push_back(outputs);
  return plan;
}

compress::Plan plan_of(const Command& command, const QuantizeOptions& o) {
  if (o.plan.empty()) return plan_from_options(command, o);
  for (const char* option :
       {"--format", "--width", "--frac", "--per", "--mode", "--embeddings", "--outputs", "--clip"}) {
    require(!command.given(option), "{}: is said by the plan; give it there, or no --plan", option);
  }
  return compress::read_plan(o.plan);
}

compress::CalibrationOptions calibration_options(const Command& command, const QuantizeOptions& o) {
  require(o.method == "mse" || o.method == "percentile", "--method: must be mse or percentile, got '{}'", o.method);
  require(o.method == "percentile" || !command.given("--percentile"), "--percentile: goes with --method percentile");
  require(o.percentile > 0 && o.percentile <= 100, "--percentile: must be above 0 and at most 100, got {}",
          o.percentile);
  require(o.calibration_texts >= 1, "--calibration-texts: must be at least 1, got {}", o.calibration_texts);
  using Method = compress::CalibrationMethod;
  return {.method = o.method == "mse" ? Method::mse : Method::percentile, .percentile = o.percentile};
}

void check(const QuantizeOptions& o) {
  pipeline::check_options(o);
  pipeline::check_fine_tuning_options(o);
  require(o.per == "channel" || o.per == "tensor", "--per: must be channel or tensor, got '{}'", o.per);
  require(o.epochs > 0 || !o.learn_scales, "--learn-scales: is done in training; give --qat-epochs");
  require(!o.learn_scales || o.outputs == 0,
          "--learn-scales: moves the units of sums, which --outputs gives the biases");
  require(o.epochs > 0 || o.freeze.empty(), "--freeze: is about training; give --qat-epochs");
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

compress::Compression calibrated(pipeline::CompressedModel& start, const compress::Plan& plan,
                                 const compress::CalibrationOptions& how, const std::vector<bert::Input>& batches) {
  std::unique_ptr<engine::Progress> meter;
  return compress::calibrate(start.model, start.compression, compress::requests_by_layer(start.model, plan), batches,
                             how, [&](std::int64_t done, std::int64_t total) {
                               if (meter == nullptr) meter = std::make_unique<engine::Progress>("calibrate", total);
                               meter->update(done);
                             });
}

std::string size_line(const engine::Json& result) {
  const auto packed = result["packed_bytes"].get<std::int64_t>(), whole = result["float_bytes"].get<std::int64_t>();
  return fmt::format("{:.2f} bits a parameter: {} bytes packed, {} in float32\n", result["average_bits"].get<double>(),
                     packed, whole);
}

void run(const Command& command, const QuantizeOptions& o, const Common& common) {
  const pipeline::Run run = run_of(command, common);
  const compress::Plan plan = plan_of(command, o);
  const compress::CalibrationOptions how = calibration_options(command, o);
  check(o);
  const pipeline::OutputLock lock(o.out, full_name(command));
  pipeline::check_unused(run, o);
  pipeline::CompressedModel start = pipeline::starting_classifier(o);
  compress::requests_by_layer(start.model, plan);
  freeze(start.model, o.freeze);
  const std::unique_ptr<pipeline::TrainingTexts> texts = pipeline::training_texts(o, o.validation, common.seed);
  pipeline::match_labels(start.model.config, *texts);
  const data::Framing framing = pipeline::framing_of(o, start.model.config, *texts->tokenizer);
  pipeline::note_truncation(texts->corpus.train, framing, "training");
  start.compression = calibrated(
      start, plan, how, pipeline::calibration_batches(*texts, framing, o.calibration_texts, o.batch, common.seed));
  const compress::LearnedScales scales(o.learn_scales ? start.compression : compress::Compression());
  compress::attach(start.model, start.compression);
  const pipeline::FineTuning fine_tuning{run, o, *texts, framing, start.model, start.compression};
  bert::Job job = pipeline::fine_tuning_job(fine_tuning);
  if (o.learn_scales) {
    job.parameters = scales.parameters();
    require(!job.parameters.parameters.empty(), "--learn-scales: the plan has no fixed-point format in mode standard");
    for (const engine::Parameter& p : job.parameters.parameters) job.state.push_back({p.name, p.variable.value()});
    scales.attach(start.model);
    job.save = [&scales, &compression = start.compression, save = job.save](const std::filesystem::path& folder) {
      scales.write_to(compression);
      save(folder);
    };
  }
  const engine::Json result = pipeline::fine_tune(fine_tuning, job);
  finish(command, common, o.out, result, pipeline::summary(result, o) + size_line(result));
}

void add_format_options(Command& command, QuantizeOptions& o) {
  command.add_option("--format", o.format, "fixed, or a format in full, as `ingot format` lists them");
  command.add_option("--width", o.width, "bits of fixed point");
  command.add_option("--frac", o.frac, "its fraction bits: calibrated, half (of the width, biases too), or a number");
  command.add_option("--per", o.per,
                     "calibrated weights: fraction bits by output channel, or one number a tensor; mode mase: tensor");
  command.add_option("--mode", o.mode, "standard: nearest value; mase: as MASE computes it");
  command.add_flag("--embeddings", o.embeddings, "the embedding tables too");
  command
      .add_option("--outputs", o.outputs,
                  "what each Linear gives, before its activation, in fixed point of that many bits too, and biases in "
                  "units of its sums: what hardware computes; 0: no")
      .range(0, 16);
  command.add_option("--plan", o.plan, "TOML or JSON file: formats by pattern of layer name and by role, instead");
  command.add_option("--method", o.method, "of calibration: mse (least squared error) or percentile");
  command.add_option("--percentile", o.percentile, "share of the magnitudes, in percent, that must not saturate");
  command.add_option("--calibration-texts", o.calibration_texts, "training texts that inputs are calibrated on");
}

}  // namespace

void add_quantize(Command& program) {
  Command& command =
      program.add_subcommand("quantize", "compute a classifier in another number format, trained on or not");
  const auto common = add_common(command);
  const auto options = std::make_shared<QuantizeOptions>();
  QuantizeOptions& o = *options;
  command.add_option("model", o.from, "folder of a run or a checkpoint; it may be quantised or pruned already")
      .required()
      .type_name("DIR");
  add_data_options(command, o).required();
  command.add_option("--out", o.out, "folder of the run: config, metrics, checkpoints, result").required();
  add_format_options(command, o);
  command.add_option("--qat-epochs", o.epochs, "epochs of training with it; 0: only calibrated").range(0, 100000);
  add_step_options(command, o);
  command.remove_option("--clip");  // here about the straight-through gradient
  command.add_flag("--clip", o.clip_gradients, "no gradient to numbers outside of the range of their format");
  add_fine_tuning_options(command, o);
  command.add_flag("--learn-scales", o.learn_scales, "learn the steps of fixed point, powers of two, with the weights");
  command.add_option("--freeze", o.freeze, "parameters not to train: patterns such as 'bert.embeddings.*', with commas")
      .type_name("PATTERN");
  command.add_option("--validation", o.validation,
                     "training texts held out to choose the best epoch by; negative: as in train");
  set_action(command, "ingot quantize runs/imdb --data aclImdb.tar.gz --width 4 --qat-epochs 1 --out runs/q4", common,
             [&command, options, common] { run(command, *options, *common); });
}

}  // namespace ingot::cli
