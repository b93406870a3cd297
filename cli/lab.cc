// ingot lab: a whole experiment by one command, from what a user could type one by one.
#include "labs/lab.h"

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/program.h"
#include "labs/experiment.h"

namespace ingot::cli {

void add_lab(Command& program) {
  Command& command = program.add_subcommand("lab", "a whole experiment: its models, table and figure");
  const auto common = add_common(command);
  const auto o = std::make_shared<labs::LabOptions>();
  std::string all, choices;
  for (const labs::Lab& lab : labs::kLabs) {
    all += fmt::format("{}{} ({})", all.empty() ? "" : ", ", lab.name, lab.title);
    choices += fmt::format("{}{}", choices.empty() ? "" : "|", lab.name);
  }
  all += ", or all, one after the other";
  choices += "|all";
  command.add_option("lab", o->lab, all).required().type_name(choices);
  add_data_options(command, *o,
                   {.help = "labelled texts, as for train; lab 4 needs them only with --from", .is_required = false});
  command.group("Output");
  command
      .add_option("--out", o->out,
                  "folder of the lab; finished rows are not repeated, and several processes may share it")
      .type_name("DIR")
      .required();
  command.group("Rows");
  command.add_option("--from", o->from, "model to compress; default: one trained first on the same data")
      .type_name("DIR");
  command.add_option("--rows", o->rows,
                     "names of the rows to do, with the rows that they need: 'control-*,calibrated-4*'; default: all");
  command.add_flag("--quick", o->quick,
                   "few rows, a small model, few steps and trials: a lab in about a minute, to see how it goes; `all` "
                   "then takes glosses by default");
  command
      .add_option("--seeds", o->seeds,
                  "seeds of which each does the lab, from --seed on, in folders of their own; the table has means and "
                  "their standard errors")
      .range(1, 1000);
  command.add_flag("--report", o->report, "do no row; make table and figure from the finished ones");
  command.group("Recipe");
  command.add_option("--pieces", o->pieces, "vocabulary size of the model to train; 0: to suit the data");
  command.add_option("--length", o->length, "most tokens of a text; 0: to suit the data").not_negative();
  command.add_option("--batch", o->batch, "texts a step; 0: to suit the data").range(0, 65536);
  command.add_option("--epochs", o->epochs, "epochs of the model to train; 0: to suit the data").range(0, 100000);
  command.add_option("--lr", o->learning_rate, "learning rate of the model to train; 0: to suit the data")
      .not_negative();
  command
      .add_option("--tune-lr", o->tuning_rate,
                  "learning rate of the extra epoch of tuned rows; 0: validation chooses it")
      .not_negative();
  command.add_option("--trials", o->trials, "trials of each search; 0: to suit the lab").range(0, 100000);
  command.add_option("--jobs", o->jobs, "trials of a search that run at the same time; 0: as search nas chooses")
      .range(0, 1024);
  command.add_option("--trial-steps", o->trial_steps, "training steps of an architecture's trial; 0: to suit the data")
      .range(0, 1 << 30);
  command.add_option("--trial-length", o->trial_length, "most tokens of a text in a trial; 0: to suit the data")
      .not_negative();
  command.add_option("--trial-lr", o->trial_rate, "learning rate of a trial; 0: to suit the data").not_negative();
  command
      .add_option("--trial-precision", o->trial_precision,
                  "factors of products in the training of a trial: float32, or bf16, which processors with AMX or "
                  "AVX-512 BF16 multiply faster")
      .type_name("float32|bf16");
  command.add_option("--sizes", o->sizes,
                     "sizes that a search chooses from, as options of search nas: '--layers 2,4'; default: to suit "
                     "the data");
  set_action(command, "ingot lab 1.1 --data aclImdb.tar.gz --out runs/lab-1.1", common, [&command, o, common] {
    labs::run_lab(*o, run_of(command, *common), {run_program, common->threads, common->quiet},
                  finisher(command, *common, o->out));
  });
}

}  // namespace ingot::cli
