// ingot quantize: a classifier in another number format, after training or by training on.
#include "pipeline/quantize.h"

#include "cli/commands.h"
#include "cli/training_options.h"

namespace ingot::cli {

namespace {

void add_format_options(Command& command, pipeline::QuantizeOptions& o) {
  command.group("Format");
  command.add_option(
      "--format", o.format,
      "fixed, or a format with its parameters, as `ingot format` lists them; minifloat, minifloat_denorm and "
      "log take the word calibrated as exponent bias, one a tensor: 'minifloat(4,e2,calibrated)' "
      "(biases stay float32)");
  command.add_option("--width", o.width, "width of fixed point in bits");
  command
      .add_option("--frac", o.frac,
                  "fraction bits of fixed point: calibrated, half (of the width; biases too), or a number")
      .type_name("calibrated|half|N");
  command
      .add_option("--per", o.per,
                  "fraction bits of calibrated weights: one number a channel, or one a tensor; mode mase: tensor")
      .type_name("channel|tensor");
  command.add_option("--mode", o.mode, "rounding: standard (nearest value) or mase (as MASE computes it)")
      .type_name("standard|mase");
  command.add_flag("--embeddings", o.embeddings, "quantise the embedding tables too");
  command
      .add_option("--outputs", o.outputs,
                  "bits of each Linear's output, before its activation; biases then have the unit of its sums, as in "
                  "hardware; 0: outputs stay float32")
      .range(0, 16);
  command.add_flag("--integer-only", o.integer_only,
                   "everything in integers, from token ids to the answer: every edge in fixed point of --width bits");
  command
      .add_option(
          "--weight-format", o.weight_format,
          "with --integer-only: weights: bits from 2 to 16, ternary or binary; scales are powers of two by channel")
      .type_name("BITS|ternary|binary");
  command.add_option("--embedding-format", o.embedding_format, "with --integer-only: embeddings, scales by row")
      .type_name("BITS|ternary|binary");
  command.add_option("--residual-width", o.residual_width, "with --integer-only: bits of what residual sums add up")
      .range(2, 16);
  command.add_flag("--cheap", o.cheap,
                   "with --integer-only: less hardware: roots of layer norms by a table, exponentials of 8 bits by "
                   "lines between powers of two, residual sums of 12 bits unless --residual-width says otherwise");
  command
      .add_option(
          "--plan", o.plan,
          "TOML or JSON file with formats by pattern of layer name and by role, instead of one format for all; with "
          "--integer-only: changes of its plan")
      .type_name("FILE");
  command.group("Calibration");
  command.add_option("--method", o.method, "calibration method: mse (least squared error) or percentile")
      .type_name("mse|percentile");
  command.add_option("--percentile", o.percentile,
                     "percent of the magnitudes that must not saturate, with --method percentile");
  command.add_option("--calibration-texts", o.calibration_texts,
                     "number of training texts that inputs are calibrated on");
}

}  // namespace

void add_quantize(Command& program) {
  Command& command =
      program.add_subcommand("quantize", "give a classifier another number format, calibrated or trained further");
  const auto common = add_common(command);
  const auto options = std::make_shared<pipeline::QuantizeOptions>();
  pipeline::QuantizeOptions& o = *options;
  command.add_option("model", o.from, "folder of a run or a checkpoint; it may be quantised or pruned already")
      .required()
      .type_name("DIR");
  add_data_options(command, o, {.n_held_out = &o.validation});
  command.group("Output");
  command.add_option("--out", o.out, "folder of the run: config, metrics, checkpoints, result")
      .type_name("DIR")
      .required();
  add_format_options(command, o);
  command.group("Training");
  command.add_option("--qat-epochs", o.epochs, "epochs of quantisation-aware training; 0: calibration alone")
      .range(0, 100000);
  add_run_options(command, o);
  add_step_options(command, o);
  command.group("Training");
  command.add_flag("--clipped-ste", o.clipped_ste,
                   "the straight-through gradient is 0 for numbers outside the range of their format");
  add_fine_tuning_options(command, o);
  command.add_flag(
      "--learn-scales", o.learn_scales,
      "learn the scales of fixed point, which stay powers of two, with the weights; those of softmaxes stay");
  command
      .add_option("--freeze", o.freeze,
                  "parameters not to train: patterns such as 'bert.embeddings.*', separated by commas")
      .type_name("PATTERN");
  set_action(command, "ingot quantize runs/imdb --data aclImdb.tar.gz --width 4 --qat-epochs 1 --out runs/q4", common,
             [&command, options, common] {
               pipeline::quantize_classifier(*options, run_of(command, *common),
                                             finisher(command, *common, options->out));
             });
}

}  // namespace ingot::cli
