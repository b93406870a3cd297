#include "bench/searches.h"

#include <fmt/format.h>

#include <ctime>
#include <vector>

#include "search/study.h"

namespace ingot::bench {
namespace {

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

search::Objective sphere(int n_parameters) {
  std::vector<std::string> names;
  for (int i = 0; i < n_parameters; ++i) names.push_back(fmt::format("x{}", i));
  return [names](search::Trial& trial) {
    double sum = 0;
    for (const std::string& name : names) {
      const double x = trial.suggest_float(name, -5, 5);
      sum += x * x;
    }
    return std::vector{sum};
  };
}

}  // namespace

double search_seconds(int n_parameters, int n_trials) {
  search::Study study({});
  const double start = cpu_seconds();
  study.optimize(sphere(n_parameters), {.trials = n_trials});
  return cpu_seconds() - start;
}

double suggestion_seconds() {
  constexpr int kParameters = 40, kBefore = 90, kTrials = 20;
  search::Study study({});
  const search::Objective objective = sphere(kParameters);
  study.optimize(objective, {.trials = kBefore});
  const double start = cpu_seconds();
  study.optimize(objective, {.trials = kBefore + kTrials});
  return (cpu_seconds() - start) / (kTrials * kParameters);
}

}  // namespace ingot::bench
