// A journal of a search, Optuna's or ours, and what a study makes of it: a new trial, and what is told of the old ones.
#include <stdexcept>

#include "search/importance.h"
#include "search/study.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  search::StudyOptions options{.name = "s", .journal = file_of("study.log", bytes)};
  options.sampling.seed = 1;
  search::Study study(options);
  study.pareto_front();
  const std::vector<search::TrialRecord> trials = study.trials();
  search::Trial trial = study.ask();
  trial.suggest_float("x", -1, 1);
  trial.suggest_int("n", 1, 8);
  trial.suggest_categorical<std::string>("kind", {"a", "b"});
  trial.report(0.5, 1);
  study.tell(trial, {1.0});
  study.best();
}

}  // namespace

Target journal() { return {.name = "journal", .read = read, .mutated = mutated_json_lines}; }

}  // namespace ingot::fuzz
