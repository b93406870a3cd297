// ingot train: a model for a task, from labelled text.
#include "pipeline/train.h"

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/training_options.h"
#include "pipeline/recipe.h"

namespace ingot::cli {

void add_train(Command& program) {
  Command& command = program.add_subcommand("train", "train a model for a task on labelled text");
  const auto common = add_common(command);
  const auto options = std::make_shared<pipeline::TrainOptions>();
  add_training_options(command, *options, &options->validation);
  add_fine_tuning_options(command, *options);
  command.group("Model");
  command
      .add_option("--task", options->task,
                  "what is learned of a text: single-label, multi-label (any number of labels), regression "
                  "(numbers), tokens (a tag a word) or embedding (a vector, from pairs of texts that belong "
                  "together); auto: what the data says")
      .type_name("auto|single-label|multi-label|regression|tokens|embedding");
  command
      .add_option(
          "--pooling", options->pooling,
          "what the head reads of a text: cls (first token) or mean (of all tokens); auto: as in --from, else mean")
      .type_name("auto|cls|mean");
  command.group("Training");
  std::string names = "settings that go well together: none", choices = "none";
  for (const pipeline::Recipe& recipe : pipeline::recipes()) {
    names += fmt::format(", {} ({})", recipe.name, recipe.summary);
    choices += fmt::format("|{}", recipe.name);
  }
  command.add_option("--recipe", options->recipe, names + "; all with --teacher ngrams; options that are given win")
      .type_name(choices);
  set_action(command, "ingot train --data aclImdb.tar.gz --model tiny --epochs 1 --lr 1e-3 --out runs/imdb", common,
             [&command, options, common] {
               pipeline::train_classifier(*options, run_of(command, *common), finisher(command, *common, options->out));
             });
}

}  // namespace ingot::cli
