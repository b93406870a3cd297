// ingot quantize: a classifier in another number format, after training or by training on.
#include "pipeline/quantize.h"

#include "cli/commands.h"
#include "cli/training_options.h"

namespace ingot::cli {

namespace {

void add_format_options(Command& command, pipeline::QuantizeOptions& o) {
  command.group("Format");
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
  command.group("Calibration");
  command.add_option("--method", o.method, "of calibration: mse (least squared error) or percentile");
  command.add_option("--percentile", o.percentile, "share of the magnitudes, in percent, that must not saturate");
  command.add_option("--calibration-texts", o.calibration_texts, "training texts that inputs are calibrated on");
}

}  // namespace

void add_quantize(Command& program) {
  Command& command =
      program.add_subcommand("quantize", "compute a classifier in another number format, trained on or not");
  const auto common = add_common(command);
  const auto options = std::make_shared<pipeline::QuantizeOptions>();
  pipeline::QuantizeOptions& o = *options;
  command.add_option("model", o.from, "folder of a run or a checkpoint; it may be quantised or pruned already")
      .required()
      .type_name("DIR");
  add_data_options(command, o).required();
  command.group("Output");
  command.add_option("--out", o.out, "folder of the run: config, metrics, checkpoints, result").required();
  add_format_options(command, o);
  command.group("Training");
  command.add_option("--qat-epochs", o.epochs, "epochs of training with it; 0: only calibrated").range(0, 100000);
  add_step_options(command, o);
  command.group("Training");
  command.add_flag("--clipped-ste", o.clipped_ste,
                   "straight-through gradient 0 for numbers outside of the range of their format");
  add_fine_tuning_options(command, o);
  command.add_flag("--learn-scales", o.learn_scales, "learn the steps of fixed point, powers of two, with the weights");
  command.add_option("--freeze", o.freeze, "parameters not to train: patterns such as 'bert.embeddings.*', with commas")
      .type_name("PATTERN");
  command.group("Data");
  command.add_option("--validation", o.validation,
                     "training texts held out to choose the best epoch by; negative: as in train");
  set_action(command, "ingot quantize runs/imdb --data aclImdb.tar.gz --width 4 --qat-epochs 1 --out runs/q4", common,
             [&command, options, common] {
               pipeline::quantize_classifier(*options, run_of(command, *common),
                                             finisher(command, *common, options->out));
             });
}

}  // namespace ingot::cli
