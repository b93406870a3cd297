// ingot search bench: samplers on problems in closed form.
#include "pipeline/searches/bench.h"

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/search.h"
#include "cli/searches/options.h"
#include "search/problems.h"

namespace ingot::cli {

void add_search_bench(Command& search_command) {
  Command& command = search_command.add_subcommand("bench", "samplers on problems in closed form");
  const auto common = add_common(command);
  const auto o = std::make_shared<pipeline::BenchOptions>();
  std::string names;
  for (const search::Problem& problem : search::problems())
    names += (names.empty() ? "" : "|") + std::string(problem.name);
  command.group("Problem");
  command.add_option("--problem", o->problem, "function to minimise or maximise").type_name(names);
  command
      .add_option("--table", o->table,
                  "in place of a problem: what a search with the objective accuracy has measured, as that of a grid; "
                  "every sampler with every pruner, for the steps of --trials whole trials, with --seeds seeds")
      .type_name("DIR|FILE");
  add_search_options(command, *o);
  command.add_option("--jobs", o->jobs, "number of trials that run at the same time").range(1, 1024);
  command.add_option("--batch", o->batch, "number of trials drawn before their results are known; 0: as many as --jobs")
      .range(0, 1024);
  command.group("Problem");
  command.add_flag("--ordinal", o->ordinal, "sample lists with an order as integers, by index");
  command.group("Search");
  command
      .add_option("--stream", o->stream,
                  "random numbers: numpy (those that Optuna draws) or per-trial (a stream for each trial); default: "
                  "numpy, but per-trial with a journal or a batch")
      .type_name("numpy|per-trial");
  command.group("Output");
  command.add_option("--journal", o->journal, "file that keeps the search, to continue it later").type_name("FILE");
  command.add_option("--study", o->study, "name of the search in the journal");
  command.group("Problem");
  command.add_flag("--regret", o->regret, "run all samplers with several seeds, and compare with what Optuna reached");
  command.add_option("--seeds", o->seeds, "number of seeds for --regret and --table").range(1, 1000);
  set_action(command, "ingot search bench --problem mixedprec14 --sampler tpe --seed 7 --trials 60", common,
             [&command, o, common] {
               pipeline::bench_samplers(*o, run_of(command, *common), finisher(command, *common, {}));
             });
}

}  // namespace ingot::cli
