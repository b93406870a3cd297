// The speed of searches: by itself, and beside Optuna where Debian's python3-optuna is installed.
#include <fmt/format.h>

#include <optional>
#include <vector>

#include "bench/child.h"
#include "bench/searches.h"
#include "bench/targets.h"
#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::bench {
namespace {

template <class Measure>
std::vector<double> repeated(int rounds, const Measure& measure) {
  std::vector<double> values;
  for (int round = 0; round < rounds; ++round) values.push_back(measure());
  return values;
}

struct Peer {
  std::string version;
  double seconds;
};

std::optional<Peer> run_optuna(int n_parameters, int n_trials) {
  Child child({INGOT_PEERS "/optuna_search.py", std::to_string(n_parameters), std::to_string(n_trials)},
              Child::Errors::merge);
  const auto found = engine::parse_json_or_null(child.read_all());
  if (child.wait() != 0 || !found.is_object() || !found.contains("seconds")) return std::nullopt;
  return Peer{found.value("optuna", "?"), found["seconds"].get<double>()};
}

}  // namespace

void search_targets(int rounds, const std::function<void(const Target&)>& emit) {
  Target whole{.name = "search/40x1000", .unit = "s", .floor = 0.5, .goal = 0.3, .less_is_better = true};
  set_measured(whole, repeated(rounds, [] { return search_seconds(40, 1000); }));
  whole.note = "CPU time of 1,000 trials of TPE over 40 real parameters on one thread";
  emit(whole);

  Target suggestion{.name = "search/suggestion", .unit = "us", .floor = 50, .less_is_better = true};
  set_measured(suggestion, repeated(rounds, [] { return 1e6 * suggestion_seconds(); }));
  suggestion.note = "one of 40 real parameters at about 100 trials";
  emit(suggestion);

  constexpr int kTrials = 100;
  Target beside{.name = "search/40x100/vs_optuna", .unit = "x as fast", .floor = 10};
  std::vector<double> ratios;
  beside.note = "needs the Debian package python3-optuna";
  for (int round = 0; round < rounds; ++round) {
    const double own = search_seconds(40, kTrials);
    const auto peer = run_optuna(40, kTrials);
    if (!peer) break;
    ratios.push_back(peer->seconds / own);
    beside.note = fmt::format("optuna {}, multivariate", peer->version);
  }
  beside.ratios["optuna"] = std::nullopt;
  if (!ratios.empty()) {
    set_measured(beside, ratios);
    beside.ratios["optuna"] = beside.measured;
  }
  emit(beside);
}

}  // namespace ingot::bench
