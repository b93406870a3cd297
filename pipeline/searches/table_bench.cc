#include "pipeline/searches/table_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "pipeline/searches/trial_table.h"
#include "report/mean.h"
#include "report/text_table.h"
#include "search/pruners/pruner.h"
#include "search/study.h"

namespace ingot::pipeline {
namespace {

using report::Mean;
using search::Lists;
using search::TpeModel;

struct Contestant {
  const char* name;
  const char* sampler;
  Lists lists;
  const char* duplicates;
  TpeModel model;
  bool is_optuna;  // draws what Optuna draws
};

constexpr Contestant kContestants[] = {
    {"grid", "grid", Lists::categorical, "evaluate", TpeModel::by_rules, false},
    {"random", "random", Lists::categorical, "evaluate", TpeModel::by_rules, false},
    {"TPE", "tpe", Lists::ordinal, "resample", TpeModel::group, false},
    {"TPE as Optuna 5", "tpe", Lists::categorical, "evaluate", TpeModel::by_rules, true},
};

search::StudyOptions study_of(const BenchOptions& o, const Contestant& contestant, const char* pruner,
                              const TrialTable& table, std::uint64_t seed) {
  BenchOptions one = o;
  one.sampler = contestant.sampler;
  one.duplicates = contestant.duplicates;
  search::StudyOptions options = study_options(one, seed);
  options.directions = {search::Direction::maximize};
  options.sampling.model = contestant.model;
  options.sampling.grid = table.axes();
  if (contestant.is_optuna) options.sampling.stream = search::StreamKind::numpy;
  options.pruner = pruner;
  return options;
}

// One search: the best accuracy by the cost of 1, 2, ... whole trials, and how many trials that cost has paid.
struct Searched {
  std::vector<double> best;
  int n_trials = 0;
};

Searched search_table(const TrialTable& table, const search::StudyOptions& options, Lists lists, int n_whole) {
  constexpr int kMostTrials = 100;  // for one whole trial, so that trials that cost nothing come to an end
  search::Study study(options);
  Searched found{.best = std::vector<double>(static_cast<std::size_t>(n_whole), std::nan("")), .n_trials = 0};
  double spent = 0;
  while (spent < n_whole && found.n_trials < kMostTrials * n_whole) {
    const double before = spent;
    study.optimize([&](search::Trial& trial) { return std::vector{table.look_up(trial, lists, spent)}; },
                   {.trials = found.n_trials + 1});
    const std::vector<search::TrialRecord> trials = study.trials();
    if (static_cast<int>(trials.size()) == found.n_trials) break;  // the sampler has nothing left
    ++found.n_trials;
    const search::TrialRecord& last = trials.back();
    if (last.state != search::State::complete || spent == before) continue;
    for (auto i = static_cast<std::size_t>(std::ceil(spent)); i <= found.best.size(); ++i) {
      double& best = found.best[i - 1];
      best = std::isnan(best) ? last.values[0] : std::max(best, last.values[0]);
    }
  }
  return found;
}

// What a sampler and a pruner came to over seeds.
struct Standing {
  std::string sampler, pruner;
  std::vector<Mean> best;  // by the cost in whole trials
  Mean area;               // mean of the best over all costs
  Mean n_trials;
};

// A search that has completed no trial yet has the accuracy of none: its curve begins where all have one.
Standing standing_of(const Contestant& contestant, const char* pruner, const std::vector<Searched>& searches,
                     std::size_t first) {
  Standing standing{.sampler = contestant.name, .pruner = pruner, .best = {}, .area = {}, .n_trials = {}};
  const std::size_t n = searches.front().best.size();
  std::vector<double> values(searches.size());
  const auto over_seeds = [&](const auto& value) {
    std::transform(searches.begin(), searches.end(), values.begin(), value);
    return report::mean_of(values);
  };
  for (std::size_t i = 0; i < n; ++i) standing.best.push_back(over_seeds([&](const Searched& s) { return s.best[i]; }));
  standing.area = over_seeds([&](const Searched& s) {
    double sum = 0;
    for (std::size_t i = first; i < n; ++i) sum += s.best[i];
    return sum / static_cast<double>(n - first);
  });
  standing.n_trials = over_seeds([](const Searched& s) { return static_cast<double>(s.n_trials); });
  return standing;
}

engine::Json as_json(const Standing& s) {
  engine::Json curve = engine::Json::array();
  for (const Mean& mean : s.best) curve.push_back(std::isnan(mean.value) ? engine::Json() : engine::Json(mean.value));
  return {{"sampler", s.sampler}, {"pruner", s.pruner},         {"best", curve},
          {"area", s.area.value}, {"area_error", s.area.error}, {"trials", s.n_trials.value}};
}

// The first cost at which every search has an accuracy.
std::size_t first_known(const std::vector<std::vector<Searched>>& all) {
  std::size_t first = 0;
  for (const std::vector<Searched>& searches : all) {
    for (const Searched& s : searches) {
      const auto known = std::find_if(s.best.begin(), s.best.end(), [](double value) { return !std::isnan(value); });
      first = std::max(first, static_cast<std::size_t>(known - s.best.begin()));
    }
  }
  return first;
}

std::string text_of(const TrialTable& table, const std::vector<Standing>& standings, const BenchOptions& o,
                    std::size_t first) {
  const auto n = static_cast<std::size_t>(o.trials), third = std::max<std::size_t>(1, n / 3);
  const auto at = [](std::size_t cost) { return fmt::format("best after {}", cost); };
  report::TextTable rows{.headers = {"sampler", "pruner", "trials", at(third), at(2 * third), at(n), "area"},
                         .rows = {}};
  const auto cell = [](const Mean& mean) {
    return std::isnan(mean.value) ? "-" : fmt::format("{:.4f} ± {:.4f}", mean.value, mean.error);
  };
  for (const Standing& s : standings)
    rows.rows.push_back({s.sampler, s.pruner, fmt::format("{:.0f}", s.n_trials.value), cell(s.best[third - 1]),
                         cell(s.best[2 * third - 1]), cell(s.best[n - 1]), cell(s.area)});
  return fmt::format(
      "{} configurations, the best has {:.4f}; means of {} seeds, ± a standard error. Costs are in whole trials; area: "
      "mean of the best so far, from a cost of {} on\n\n{}",
      table.size(), table.best(), o.seeds, first + 1, rows.aligned());
}

}  // namespace

void compare_on_table(const BenchOptions& o, const Run& run, const Finish& finish) {
  const TrialTable table(o.table);
  engine::require(static_cast<std::size_t>(o.trials) <= table.size(),
                  "--trials: must be at most the {} configurations of {}, got {}", table.size(), o.table, o.trials);
  engine::catch_interrupts();
  std::vector<std::vector<Searched>> all;
  {
    const auto n_pruners = static_cast<std::int64_t>(search::pruner_kinds().size());
    engine::Progress progress("searches", std::ssize(kContestants) * n_pruners * o.seeds);
    std::int64_t n_done = 0;
    for (const Contestant& contestant : kContestants) {
      for (const search::PrunerKind& pruner : search::pruner_kinds()) {
        std::vector<Searched>& searches = all.emplace_back();
        for (int i = 0; i < o.seeds; ++i) {
          const auto options = study_of(o, contestant, pruner.name, table, run.seed + static_cast<std::uint64_t>(i));
          searches.push_back(search_table(table, options, contestant.lists, o.trials));
          progress.update(++n_done, contestant.name);
        }
      }
    }
  }
  const std::size_t first = first_known(all);
  std::vector<Standing> standings;
  engine::Json rows = engine::Json::array();
  for (const Contestant& contestant : kContestants) {
    for (const search::PrunerKind& pruner : search::pruner_kinds()) {
      standings.push_back(standing_of(contestant, pruner.name, all[standings.size()], first));
      rows.push_back(as_json(standings.back()));
    }
  }
  finish({{"configurations", table.size()},
          {"best", table.best()},
          {"seeds", o.seeds},
          {"trials", o.trials},
          {"area_from", first + 1},
          {"rows", rows}},
         text_of(table, standings, o, first));
}

}  // namespace ingot::pipeline
