#include "cli/searches/options.h"

#include <fmt/format.h>

namespace ingot::cli {

void add_search_options(Command& command, pipeline::SearchOptions& o) {
  command.group("Search");
  std::string samplers;
  for (const search::SamplerKind& kind : search::sampler_kinds()) {
    samplers += fmt::format("{}{} ({})", samplers.empty() ? "" : ", ", kind.name, kind.summary);
  }
  command.add_option("--sampler", o.sampler, samplers);
  command.add_option("--rules", o.rules, "of TPE: optuna4 or optuna5");
  command.add_flag("--univariate", o.univariate, "TPE models each parameter by itself (optuna4: default)");
  command.add_flag("--multivariate", o.multivariate, "TPE models all parameters together (optuna5: default)");
  command.add_flag("--group", o.group, "TPE models together what occurs together");
  command.add_option("--trials", o.trials, "in all, those of earlier runs included").range(1, 1'000'000);
  command.add_option("--time", o.seconds, "seconds after which no trial begins; 0: no limit").range(0.0, 1e9);
  command.add_option("--candidates", o.candidates, "of which TPE takes the best").range(1, 10'000);
  command
      .add_option("--startup", o.startup,
                  "random trials before TPE models; negative: a third of the trials, at most 10")
      .range(-1, 1'000'000);
  command.add_option("--duplicates", o.duplicates,
                     "a configuration that is known: evaluate it again, cached (its values count again) or resample "
                     "(another one is drawn)");
  command.add_option("--jobs", o.jobs, "trials at the same time").range(1, 1024);
}

void add_model_search_options(Command& command, pipeline::ModelSearchOptions& o) {
  command.group("Search");
  command.add_option("--objectives", o.objectives,
                     "accuracy on the validation texts, and after it what is to be small: then there is a front");
  add_search_options(command, o.search);
  std::string pruners;
  for (const search::PrunerKind& kind : search::pruner_kinds()) {
    pruners += fmt::format("{}{} ({})", pruners.empty() ? "" : ", ", notation(kind), kind.summary);
  }
  command.add_option("--pruner", o.pruner,
                     "ends poor trials early; settings in parentheses, steps are those of training: " + pruners);
  command.add_option("--reports", o.reports, "how often a trial reports its accuracy to the pruner").range(0, 10000);
  command.add_option("--report-texts", o.report_texts, "validation texts of such a report").range(1, 1 << 24);
  command.group("Data");
  command.add_option("--validation", o.validation,
                     "training texts held out for the accuracy; negative: a tenth, at most 2,500");
}

}  // namespace ingot::cli
