// ingot pretrain: masked language modelling on all training texts, labelled or not.
#include "pipeline/pretrain.h"

#include "cli/commands.h"
#include "cli/training_options.h"

namespace ingot::cli {

void add_pretrain(Command& program) {
  Command& command =
      program.add_subcommand("pretrain", "learn language from text without labels (masked language model)");
  const auto common = add_common(command);
  const auto options = std::make_shared<pipeline::PretrainOptions>();
  add_training_options(command, *options);
  command.group("Training");
  command.add_option("--masked", options->masked, "share of the tokens that are masked and predicted")
      .range(0.001, 1.0);
  set_action(command, "ingot pretrain --data aclImdb.tar.gz --model tiny --epochs 3 --out runs/mlm", common,
             [&command, options, common] {
               pipeline::pretrain(*options, run_of(command, *common), finisher(command, *common, options->out));
             });
}

}  // namespace ingot::cli
