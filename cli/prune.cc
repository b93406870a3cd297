// ingot prune: weights set to 0, and what is left trained around them.
#include "pipeline/prune.h"

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/training_options.h"
#include "compress/prune/criterion.h"
#include "compress/prune/pruner.h"

namespace ingot::cli {

void add_prune(Command& program) {
  Command& command = program.add_subcommand("prune", "set weights to 0, and fine-tune what is left");
  const auto common = add_common(command);
  const auto o = std::make_shared<pipeline::PruningOptions>();
  command.add_option("model", o->from, "folder of a trained classifier, quantised or pruned before or not")
      .required()
      .type_name("DIR");
  add_data_options(command, *o, {.n_held_out = &o->validation});
  command.group("Output");
  command.add_option("--out", o->out, "folder of the run: config, metrics, checkpoints, result")
      .type_name("DIR")
      .required();
  command.group("Pruning");
  std::string methods, choices;
  for (const compress::Criterion* criterion : compress::criteria()) {
    methods += fmt::format("{} ({}), ", criterion->name, criterion->summary);
    choices += fmt::format("{}|", criterion->name);
  }
  command.add_option("--method", o->method, methods + "or N:M (of every M weights in a row the N largest stay: 2:4)")
      .type_name(choices + "N:M");
  command.add_option("--scope", o->scope, "how weights are ranked: local (within each tensor) or global (all together)")
      .type_name("local|global");
  command.add_option("--sparsity", o->sparsity, "share of the weights to prune; default: 0.5, or what N:M implies");
  command.add_option(
      "--activations", o->activations,
      "share of each token's inputs to set to 0 in every pruned Linear, the smallest |x| first; 0: none");
  command.add_flag("--embeddings", o->embeddings, "prune the embedding tables too");
  command.add_option("--ramp", o->ramp,
                     "share of the steps over which the sparsity grows, fast at first; 0: full sparsity at once");
  command.group("Training");
  command.add_option("--epochs", o->epochs, "passes over the training texts; 0: no training").range(0, 100000);
  add_run_options(command, *o);
  add_precision_option(command, *o);
  add_step_options(command, *o);
  add_fine_tuning_options(command, *o);
  set_action(command, "ingot prune runs/imdb --data aclImdb.tar.gz --sparsity 0.9 --epochs 1 --out runs/p90", common,
             [&command, o, common] {
               pipeline::prune_classifier(*o, run_of(command, *common), finisher(command, *common, o->out));
             });
}

}  // namespace ingot::cli
