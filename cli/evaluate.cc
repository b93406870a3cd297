// ingot eval: a trained classifier on labelled text.
#include "pipeline/evaluate.h"

#include "cli/arithmetic_options.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/data_options.h"

namespace ingot::cli {

void add_eval(Command& program) {
  Command& command = program.add_subcommand("eval", "accuracy of a classifier on labelled text");
  const auto common = add_common(command);
  const auto o = std::make_shared<pipeline::EvalOptions>();
  command.add_option("model", o->model, "folder of a run or a checkpoint").required().type_name("DIR");
  add_data_options(command, *o);
  command
      .add_option("--part", o->part,
                  "part of the data: test, validation, train (the other labelled texts), or auto (test, else train)")
      .type_name("auto|test|validation|train");
  command.group("");
  command.add_option("--length", o->length, "most tokens of a text; 0: as trained").not_negative();
  command.add_option("--batch", o->batch, "texts at a time").range(1, 65536);
  add_arithmetic_options(command, *o);
  command
      .add_option("--against", o->against,
                  "another model of the same labels, in floats: how many answers differ, and how far outputs are")
      .type_name("DIR");
  command.add_flag("--verify", o->verify,
                   "with --integer: compare every output with the fake-quantised model's, by bits");
  command.add_option("--out", o->out, "folder for config.toml and result.json; default: none").type_name("DIR");
  set_action(command, "ingot eval runs/imdb --data aclImdb.tar.gz", common, [&command, o, common] {
    pipeline::evaluate_classifier(*o, run_of(command, *common), finisher(command, *common, o->out));
  });
}

}  // namespace ingot::cli
