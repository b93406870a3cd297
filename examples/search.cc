// Finds the minimum of a function of a real number and of a choice with TPE, in a journal that Optuna reads too:
//   search JOURNAL.log
#include <cmath>
#include <cstdio>

#include "search/study.h"

using namespace ingot;

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("search JOURNAL.log\n", stderr);
    return 2;
  }
  search::StudyOptions options;
  options.name = "example";
  options.journal = argv[1];
  options.sampler = "tpe";
  options.sampling.seed = 1;
  search::Study study(options);
  study.optimize(
      [](search::Trial& trial) -> std::vector<double> {
        const double x = trial.suggest_float("x", -10, 10);
        const bool is_even = trial.suggest_categorical("shape", std::vector<std::string>{"even", "odd"}) == "even";
        return {is_even ? (x - 2) * (x - 2) : std::abs(x - 3) + 1};
      },
      {.trials = 60});
  const search::TrialRecord best = study.best();
  std::printf("trial %d of %zu: %.4f at x = %.4f\n", best.number, study.trials().size(), best.values[0],
              best.parameters.at("x").value);
}
