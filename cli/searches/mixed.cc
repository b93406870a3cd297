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
  add_data_options(command, o, {.n_held_out = &o.validation, .held_out = "for the accuracy"});
  command.group("Output");
  command.add_option("--out", o.out, "folder of the search; several processes may share it, with --resume")
      .type_name("DIR")
      .required();
  command.group("Search space");
  command.add_option("--formats,--format", o.formats,
                     "formats that each layer chooses from, separated by commas: fixed, block_fp, minifloat, mx ...");
  command.add_option("--widths", o.widths, "widths of fixed, in bits");
  command.add_option("--fracs", o.fracs, "fraction widths of fixed: numbers, calibrated or half");
  command.add_option("--inputs", o.inputs,
                     "format of a layer's input: same (as its weight), or a format such as 'fixed(8,calibrated)'");
  command.add_option("--per", o.per, "fraction bits of calibrated weights: one number a channel, or one a tensor")
      .type_name("channel|tensor");
  command.add_flag("--integer-only", o.integer_only,
                   "whole models in integers: --widths are of weights and tables, the other two of all else");
  command.add_option("--edge-widths", o.edge_widths,
                     "with --integer-only: of what passes between operations, from 2 to 10 bits");
  command.add_option("--residual-widths", o.residual_widths, "with --integer-only: of what residual sums add up");
  command.add_flag("--embeddings", o.embeddings, "search formats for the embedding tables too");
  command.add_option("--max-bits", o.max_bits,
                     "most bits a parameter on average over the whole model; plans above are not "
                     "tried, and all samplers but grid begin with the widest format that fits everywhere; 0: no limit");
  add_model_search_options(command, o);
  command.group("Training");
  command
      .add_option("--calibration-texts", o.calibration_texts, "number of training texts that inputs are calibrated on")
      .range(1, 1 << 24);
  command
      .add_option("--qat-epochs", o.epochs, "epochs of quantisation-aware training in each trial; 0: calibration alone")
      .range(0, 100000);
  command.add_option("--qat-steps", o.steps, "steps of quantisation-aware training in each trial, instead of epochs")
      .range(0, 1 << 30);
  add_step_options(command, o);
  set_action(
      command,
      "ingot search mixed runs/imdb --data aclImdb.tar.gz --embeddings --max-bits 3 --trials 50 --out runs/mixed",
      common, [&command, options, common] {
        pipeline::search_mixed(*options, run_of(command, *common), finisher(command, *common, options->out));
      });
}

}  // namespace ingot::cli
