#include "pipeline/searches/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "pipeline/searches/results.h"
#include "pipeline/searches/table_bench.h"
#include "report/text_table.h"
#include "search/importance.h"
#include "search/problems.h"
#include "search/study.h"

namespace ingot::pipeline {
namespace {

using engine::require;
using search::Problem;
using search::StreamKind;
using search::TpeModel;
using search::TrialRecord;

// Optuna's own stream wherever it can be kept: that is what there is to compare with.
StreamKind stream_of(const BenchOptions& o) {
  const bool is_plain = o.journal.empty() && o.storage.empty() && o.jobs == 1 && o.batch <= 1;
  if (o.stream.empty()) return is_plain ? StreamKind::numpy : StreamKind::per_trial;
  require(o.stream == "numpy" || o.stream == "per-trial", "--stream: must be one of numpy, per-trial, got '{}'",
          o.stream);
  return o.stream == "numpy" ? StreamKind::numpy : StreamKind::per_trial;
}

search::StudyOptions bench_study(const BenchOptions& o, std::uint64_t seed) {
  search::StudyOptions options = study_options(o, seed);
  options.name = o.study;
  options.batch = o.batch > 0 ? o.batch : o.jobs;
  options.sampling.stream = stream_of(o);
  options.journal = o.journal;
  options.metric_names = {"value"};
  options.note = [](const std::string& note) { engine::say(engine::printable(note)); };
  options.identity = {{"problem", o.problem}, {"sampler", o.sampler}, {"rules", o.rules},
                      {"seed", seed},         {"ordinal", o.ordinal}, {"batch", options.batch}};
  return options;
}

search::Objective objective_of(const Problem& problem, bool ordinal) {
  const search::Lists lists = ordinal ? search::Lists::ordinal : search::Lists::categorical;
  return [value = problem.value, lists](search::Trial& trial) { return std::vector{value(trial, lists)}; };
}

void run_one(const BenchOptions& o, const Run& run, const Finish& finish) {
  const Problem& problem = search::find_problem(o.problem);
  search::Study study(bench_study(o, run.seed));
  engine::catch_interrupts();
  {
    // Of all trials, those of earlier runs and of other processes too. Its line ends before the result is shown.
    const std::vector<TrialRecord> known = study.trials();
    double lowest = std::numeric_limits<double>::infinity();
    std::int64_t n_done = 0;
    const auto count = [&](const TrialRecord& t) {
      if (t.is_finished()) n_done = std::max(n_done, std::int64_t{t.number} + 1);
      if (t.state == search::State::complete && t.violation <= 0) lowest = std::min(lowest, t.values[0]);
    };
    std::for_each(known.begin(), known.end(), count);
    engine::Progress progress("search", o.trials, n_done);
    search::Budget budget = budget_of(o);
    budget.jobs = o.jobs;
    budget.told = [&](const TrialRecord& t) {
      count(t);
      progress.update(n_done, std::isinf(lowest) ? "" : fmt::format("best {:.6g}", lowest));
    };
    study.optimize(objective_of(problem, o.ordinal), budget);
  }
  engine::Json values = engine::Json::array();
  int n_duplicates = 0;
  const std::vector<TrialRecord> trials = study.trials();
  for (const TrialRecord& t : trials) {
    n_duplicates += t.system_attributes.contains("ingot:duplicate_of");
    values.push_back(t.values.empty() ? engine::Json() : engine::Json(t.values[0]));
  }
  const TrialRecord best = study.best();
  const auto importances = search::parameter_importances(trials, study.options().directions);
  engine::Json shares = engine::Json::object();
  std::string text = fmt::format("{}: {}\nbest {:.6g} in trial {} of {}, optimum {:.6g}\n\n", problem.name,
                                 problem.summary, best.values[0], best.number, trials.size(), problem.optimum);
  for (const auto& [name, share] : importances) {
    shares[name] = share;
    const auto p = best.parameters.find(name);
    const std::string value =
        p == best.parameters.end() ? "-" : search::to_string(*p->second.distribution, p->second.value);
    text += fmt::format("{:<20} {:<24} importance {:.3f}\n", engine::printable(name, 60), engine::printable(value, 60),
                        share);
  }
  finish({{"problem", problem.name},
          {"optimum", problem.optimum},
          {"values", values},
          {"best", {{"number", best.number}, {"value", best.values[0]}, {"parameters", parameters_of(best)}}},
          {"duplicates", n_duplicates},
          {"importances", shares}},
         text);
}

// The best value after the first n trials.
double best_of_first(const std::vector<TrialRecord>& trials, int n) {
  double best = std::numeric_limits<double>::infinity();
  for (const TrialRecord& t : trials) {
    if (t.number < n && t.state == search::State::complete) best = std::min(best, t.values[0]);
  }
  return best;
}

struct Column {
  const char* name;
  const char* sampler;
  const char* rules;
  TpeModel model;
  double search::Reference::*reference;  // nullptr: Optuna does nothing like it
  bool ordinal = false;                  // lists in order by index, and no configuration twice
  int candidates = 24;
};

constexpr Column kColumns[] = {
    {"random", "random", "optuna5", TpeModel::by_rules, &search::Reference::random},
    {"optuna4 univariate", "tpe", "optuna4", TpeModel::univariate, &search::Reference::optuna4},
    {"optuna4 multivariate", "tpe", "optuna4", TpeModel::multivariate, &search::Reference::optuna4_multivariate},
    {"optuna5", "tpe", "optuna5", TpeModel::by_rules, &search::Reference::optuna5},
    {"optuna5 group", "tpe", "optuna5", TpeModel::group, nullptr},
    {"ordinal, resample", "tpe", "optuna5", TpeModel::group, nullptr, true},
    {"and 100 candidates", "tpe", "optuna5", TpeModel::group, nullptr, true, 100},
};

std::array<double, 3> quartiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::array<double, 3> result{};
  for (std::size_t i = 0; i < 3; ++i) {  // linear between the nearest ranks
    const double rank = static_cast<double>(i + 1) / 4 * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(rank);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    result[i] = values[below] + (rank - std::floor(rank)) * (values[above] - values[below]);
  }
  return result;
}

// Quartiles of the best value over seeds, each column beside what Optuna reached.
void run_regret(const BenchOptions& o, const Run& run, const Finish& finish) {
  require(o.journal.empty() && o.storage.empty(), "--regret: is not kept in a journal");
  engine::Json rows = engine::Json::array();
  report::TextTable table{.headers = {"problem", "trials"}, .rows = {}};
  for (const Column& column : kColumns) table.headers.emplace_back(column.name);
  engine::catch_interrupts();
  std::int64_t done = 0;
  const auto n_problems = o.problem.empty() ? static_cast<std::int64_t>(search::problems().size()) : 1;
  std::optional<engine::Progress> progress(std::in_place, "searches",
                                           n_problems * static_cast<std::int64_t>(std::size(kColumns)) * o.seeds);
  for (const Problem& problem : search::problems()) {
    if (!o.problem.empty() && o.problem != problem.name) continue;
    std::map<int, std::vector<std::string>> lines;  // cells by trials
    for (const Column& column : kColumns) {
      std::map<int, std::vector<double>> best;
      for (int seed = 1; seed <= o.seeds; ++seed, progress->update(++done, problem.name)) {
        BenchOptions one = o;
        one.sampler = column.sampler;
        one.rules = column.rules;
        one.candidates = column.candidates;
        if (column.ordinal) one.duplicates = "resample";
        search::StudyOptions options = bench_study(one, run.seed + static_cast<std::uint64_t>(seed) - 1);
        options.sampling.model = column.model;
        search::Study study(options);
        const int most = std::max(problem.reference[1].trials, 100);
        study.optimize(objective_of(problem, o.ordinal || column.ordinal), {.trials = most, .jobs = o.jobs});
        const auto trials = study.trials();
        for (const int n : {50, most}) best[n].push_back(best_of_first(trials, n));
      }
      for (const auto& [n, values] : best) {
        const auto [low, median, high] = quartiles(values);
        double reference = std::nan("");
        for (const search::Reference& r : problem.reference) {
          if (column.reference != nullptr && r.trials == n) reference = r.*column.reference;
        }
        engine::Json row{
            {"problem", problem.name}, {"trials", n}, {"sampler", column.name}, {"quartiles", {low, median, high}}};
        if (!std::isnan(reference)) row["optuna_median"] = reference;
        rows.push_back(row);
        const std::string beside = std::isnan(reference) ? "(-)" : fmt::format("({:.4g})", reference);
        lines[n].push_back(fmt::format("{:.4g} {}", median, beside));
      }
    }
    for (auto& [n, cells] : lines) {
      cells.insert(cells.begin(), {problem.name, std::to_string(n)});
      table.rows.push_back(std::move(cells));
    }
  }
  progress.reset();  // its line ends before the result is shown
  finish({{"seeds", o.seeds}, {"rows", rows}},
         fmt::format("median of the best value over {} seeds (Optuna's median; - : not measured)\n\n{}", o.seeds,
                     table.aligned()));
}

}  // namespace

void bench_samplers(const BenchOptions& o, const Run& run, const Finish& finish) {
  if (!o.table.empty()) {
    require(o.problem.empty() && !o.regret && o.journal.empty() && o.storage.empty() && o.jobs == 1,
            "--table: is a problem of its own, for all samplers, kept in no journal and with one job; it goes without "
            "--problem, --regret, --journal, --storage and --jobs");
    return compare_on_table(o, run, finish);
  }
  require(
      o.sampler != "grid",
      "--sampler: must be tpe or random, got 'grid': it needs lists of values, and the problems have ranges or more "
      "combinations than can be listed");
  if (o.problem.empty()) {
    require(o.regret, "--problem: must be given, or --regret for all of them, or --table");
  } else {
    search::find_problem(o.problem);
  }
  require(o.journal.empty() || o.storage.empty(), "--journal, --storage: at most one of them can be given");
  o.regret ? run_regret(o, run, finish) : run_one(o, run, finish);
}

}  // namespace ingot::pipeline
