// ingot search mixed: the number format of each layer of a trained classifier.
#include "pipeline/searches/mixed.h"

#include "cli/search.h"
#include "cli/searches/options.h"
#include "cli/training_options.h"

namespace ingot::cli {

void add_search_mixed(Command& search_command) {
  Command& command = search_command.add_subcommand("mixed", "the number format of each layer of a trained classifier");
  const auto common = add_common(command);
  const auto options = std::make_shared<pipeline::MixedOptions>();
  pipeline::MixedOptions& o = *options;
  command.add_option("model", o.from, "folder of a run or a checkpoint; it may be pruned already")
      .required()
      .type_name("DIR");
  add_data_options(command, o).required();
  command.group("Output");
  command.add_option("--out", o.out, "folder of the search; several processes may share it, with --resume").required();
  command.group("Search space");
  command.add_option("--formats,--format", o.formats,
                     "what each layer chooses from: fixed, block_fp, minifloat, mx ..., with commas");
  command.add_option("--widths", o.widths, "of fixed");
  command.add_option("--fracs", o.fracs, "fraction widths of fixed: numbers, calibrated or half");
  command.add_option("--inputs", o.inputs,
                     "format of a layer's input: same as its weight, or as in 'fixed(8,calibrated)'");
  command.add_option("--per", o.per, "calibrated weights: fraction bits by output channel, or one number a tensor");
  command.add_flag("--embeddings", o.embeddings, "the embedding tables are searched too");
  command.add_option("--max-bits", o.max_bits,
                     "plans with more bits a parameter, over all of them, are not tried; 0: no limit");
  add_model_search_options(command, o);
  command.group("Training");
  command.add_option("--calibration-texts", o.calibration_texts, "training texts that inputs are calibrated on")
      .range(1, 1 << 24);
  command.add_option("--qat-epochs", o.epochs, "epochs of training of each trial; 0: only calibrated").range(0, 100000);
  command.add_option("--qat-steps", o.steps, "steps of it, instead of epochs").range(0, 1 << 30);
  add_step_options(command, o);
  set_action(
      command,
      "ingot search mixed runs/imdb --data aclImdb.tar.gz --embeddings --max-bits 3 --trials 50 --out runs/mixed",
      common, [&command, options, common] {
        pipeline::search_mixed(*options, run_of(command, *common), finisher(command, *common, options->out));
      });
}

}  // namespace ingot::cli
