#include "cli/searches/options.h"

#include <fmt/format.h>

namespace ingot::cli {

void add_search_options(Command& command, pipeline::SearchOptions& o) {
  command.group("Search");
  std::string samplers, choices;
  for (const search::SamplerKind& kind : search::sampler_kinds()) {
    samplers += fmt::format("{}{} ({})", samplers.empty() ? "" : ", ", kind.name, kind.summary);
    choices += fmt::format("{}{}", choices.empty() ? "" : "|", kind.name);
  }
  command.add_option("--sampler", o.sampler, samplers).type_name(choices);
  command.add_option("--rules", o.rules, "version of Optuna whose TPE is followed: optuna4 or optuna5")
      .type_name("optuna4|optuna5");
  command.add_flag("--univariate", o.univariate, "TPE models each parameter by itself (default with optuna4)");
  command.add_flag("--multivariate", o.multivariate, "TPE models all parameters together (default with optuna5)");
  command.add_flag("--group", o.group, "TPE models those parameters together that occur in the same trials");
  command.add_option("--trials", o.trials, "number of trials, those of earlier runs included").range(1, 1'000'000);
  command.add_option("--time", o.seconds, "seconds after which no trial begins; 0: no limit").range(0.0, 1e9);
  command.add_option("--candidates", o.candidates, "number of candidates that TPE draws to take the best one")
      .range(1, 10'000);
  command
      .add_option("--startup", o.startup,
                  "number of random trials before TPE begins; negative: a third of the trials, at most 10")
      .range(-1, 1'000'000);
  command
      .add_option("--duplicates", o.duplicates,
                  "what to do with a configuration that an earlier trial had: evaluate (again), cached (take the "
                  "earlier values) or resample (draw another one)")
      .type_name("evaluate|cached|resample");
  command
      .add_option("--storage", o.storage,
                  "Redis server that keeps the search, for workers on many machines: redis://[:PASSWORD@]HOST:PORT/N; "
                  "INGOT_REDIS_PASSWORD is the password if there is none in it")
      .type_name("URL");
}

void add_model_search_options(Command& command, pipeline::ModelSearchOptions& o) {
  command.group("Search");
  command.add_option(
      "--objectives", o.objectives,
      "accuracy (on the validation texts), and after it what is to be small, separated by commas: then the "
      "result is a Pareto front");
  add_search_options(command, o.search);
  command
      .add_option("--jobs", o.search.jobs,
                  "number of trials that run at the same time, each by a process on its share of the threads; 1: the "
                  "same seed gives the same trials; 0: one for two threads, and for four trials")
      .range(0, 1024);
  command.add_option("--study", o.study,
                     "name of the search on that server, the same for all its workers; default: nas, mixed");
  std::string pruners;
  for (const search::PrunerKind& kind : search::pruner_kinds()) {
    pruners += fmt::format("{}{} ({})", pruners.empty() ? "" : ", ", notation(kind), kind.summary);
  }
  command.add_option(
      "--pruner", o.pruner,
      "rule that ends poor trials early, with its settings in parentheses; steps are training steps: " + pruners);
  command.add_option("--reports", o.reports, "how often a trial reports its accuracy to the pruner").range(0, 10000);
  command.add_option("--report-texts", o.report_texts, "number of validation texts in each report").range(1, 1 << 24);
}

}  // namespace ingot::cli
