#include "pipeline/searches/model_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/base/threads.h"
#include "engine/io/json.h"
#include "pipeline/searches/display.h"
#include "pipeline/searches/jobs.h"
#include "pipeline/searches/measures.h"
#include "search/storage/worker.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
using engine::Json;
using engine::require;
using engine::say;
using search::State;
using search::TrialRecord;

void check_search(const ModelSearchOptions& o, std::span<const Measure> measures) {
  search::make_pruner(o.pruner);
  require(o.study.empty() || !o.search.storage.empty(), "--study: goes with --storage; a folder has one study");
  require(o.pruner == "none" || measures.size() == 1, "--pruner {}: goes with one objective, got {}", o.pruner,
          o.objectives);
  require(o.pruner == "none" || o.reports > 0, "--pruner {}: needs --reports of at least 1", o.pruner);
}

Json identity_of(const Run& run, const TrainingTexts& texts) {
  Json identity = run.options;
  for (const char* free : {"data", "train", "test", "tokenizer", "out", "model", "resume", "threads", "quiet", "json",
                           "save-every", "trials", "time", "startup", "jobs", "storage", "study"}) {
    identity.erase(free);
  }
  if (identity.value("validation", Json()).is_string()) identity.erase("validation");  // a file
  if (identity.value("pair", "").empty()) identity.erase("pair");  // newer than studies that are still gone on with
  identity["shards"] = kUsualShards;
  identity["data_fingerprint"] = texts.source->fingerprint();
  identity["tokenizer_fingerprint"] = bert::fingerprint(*texts.tokenizer);
  return identity;
}

namespace {

std::string told_line(const TrialRecord& t, std::span<const Measure> measures, const TrialRecord* best) {
  std::string line = fmt::format("trial {}: {}", t.number, t.violation > 0 ? "infeasible" : name(t.state));
  for (std::size_t i = 0; t.state == State::complete && i < measures.size(); ++i) {
    line += fmt::format(", {} {:.6g}", measures[i].name, t.values[i]);
  }
  if (const auto reason = t.system_attributes.find("ingot:reason"); reason != t.system_attributes.end())
    line += ": " + engine::printable(reason->is_string() ? reason->get<std::string>() : reason->dump());
  if (best != nullptr) line += fmt::format(" (best {:.6g}, trial {})", best->values[0], best->number);
  return line;
}

// The scores of the best model: what another process, or an earlier run, has found, or else measured now.
ModelScores scores_of_best(const ModelSearch& s, const TrialRecord& best) {
  const TrainingTexts& texts = s.texts.texts;
  if (const Json before = s.folder.earlier_result(); before.is_object()) {
    const engine::Saved saved(before, s.folder.result_file().string());
    auto known = best_model_from_json(saved, best, bert::head_for(texts.corpus.answers));
    if (known) return *std::move(known);
  }
  CompressedModel m = load_compressed_model(s.folder.best());
  return {.scores = scores({s.run, s.texts.options, texts, s.texts.framing, m.model, m.compression}, m),
          .validation = best.values[0],
          .labels = m.model.config.label_names,
          .footprint = compress::footprint(m.model, m.compression),
          .data_fingerprint = data_fingerprint(*texts.source)};
}

// Tells what came of trials, each once, and removes what they need no more.
class News {
 public:
  News(const ModelSearch& s, search::Study& study) : s_(s), study_(study) {
    for (const TrialRecord& t : finished_since()) is_told_[t.number] = true;
    n_finished_ = static_cast<int>(is_told_.size());
  }

  int n_finished() const { return n_finished_; }

  void tell(const TrialRecord& t) {
    finished_since();
    tell_one(t);
  }

  // Those of other processes too.
  void tell_all() {
    for (const TrialRecord& t : finished_since()) tell_one(t);
  }

 private:
  // Copies of the trials that have finished since it was last called, by number. The best of all is known then.
  std::vector<TrialRecord> finished_since() {
    std::vector<TrialRecord> found;
    study_.look([&](const search::History& known) {
      is_seen_.resize(known.trials.size());
      while (n_seen_ < is_seen_.size() && is_seen_[n_seen_]) ++n_seen_;
      for (std::size_t i = n_seen_; i < is_seen_.size(); ++i) {
        const TrialRecord& t = known.trials[i];
        if (!t.is_finished() || is_seen_[i]) continue;
        is_seen_[i] = true;
        found.push_back(t);
        if (counts(t) && (!best_ || is_better(t, *best_, s_.measures))) best_ = t;
      }
    });
    return found;
  }

  void tell_one(const TrialRecord& t) {
    if (!t.is_finished() || std::exchange(is_told_[t.number], true)) return;
    ++n_finished_;
    s_.folder.forget(t.number);
    say(told_line(t, s_.measures, best_ ? &*best_ : nullptr));
  }

  const ModelSearch& s_;
  search::Study& study_;
  std::vector<bool> is_seen_;    // by number
  std::size_t n_seen_ = 0;       // all below are
  std::map<int, bool> is_told_;  // by number
  std::optional<TrialRecord> best_;
  int n_finished_ = 0;
};

int jobs_of(const ModelSearch& s, int n_finished) {
  const int n_left = s.options.search.trials - n_finished, wanted = s.options.search.jobs;
  if (s.ranks.size() > 1 || n_left < 2) return 1;
  return wanted > 0 ? std::min(wanted, n_left) : usual_jobs(engine::threads(), n_left);
}

// Runs the trials that are left: by jobs, and then here, where no job is left unless some have died.
void run_trials(const ModelSearch& s, search::Study& study, const search::Objective& objective) {
  const SearchOptions& o = s.options.search;
  const double begin = engine::usage().wall_seconds;
  News news(s, study);
  if (const int n_jobs = jobs_of(s, news.n_finished()); n_jobs > 1) {
    if (o.jobs == 0)
      say(fmt::format("{} trials at a time, each on {} of the threads; --jobs 1 runs one after the other", n_jobs,
                      engine::threads() / n_jobs));
    engine::Progress progress("search", o.trials, news.n_finished());
    const auto look = [&] {
      news.tell_all();
      progress.update(news.n_finished());
    };
    run_jobs(s.run, {n_jobs, s.texts.options.out, o.storage, o.seconds, look});
    if (engine::interrupted()) throw engine::Interrupted("all jobs have stopped; --resume goes on");
  }
  search::Budget budget = budget_of(o);
  budget.seconds -= engine::usage().wall_seconds - begin;
  budget.told = [&](const TrialRecord& t) { s.ranks.size() > 1 ? news.tell_all() : news.tell(t); };
  if (budget.seconds > 0) study.optimize(objective, budget);
  if (s.ranks.size() == 1) return;
  s.ranks.end();
  news.tell_all();
}

// Workers on several machines share no folder that could name it.
std::string study_name(const ModelSearch& s) {
  if (!s.options.study.empty()) return s.options.study;
  return s.options.search.storage.empty() ? s.folder.study_name() : s.run.command.substr(s.run.command.rfind(' ') + 1);
}

}  // namespace

void finish_search(const ModelSearch& s, search::StudyOptions options, const Json& identity,
                   const search::Objective& objective, const std::vector<std::string>& columns,
                   const std::string& title) {
  const ModelSearchOptions& o = s.options;
  options.name = study_name(s);
  options.brackets = "ingot";  // the same trials in whichever folder
  options.note = [](const std::string& note) { say(engine::printable(note)); };
  options.directions.clear();
  for (const Measure& m : s.measures) {
    options.directions.push_back(m.direction);
    options.metric_names.push_back(m.name);
  }
  options.pruner = o.pruner;
  if (options.storage.empty()) options.journal = s.folder.journal();
  options.identity = identity;
  options.is_abandoned = [&](int number) { return s.folder.is_abandoned(number); };
  search::Study study(options);
  s.folder.forget_finished(study.trials());
  engine::catch_interrupts(is_job() ? engine::SecondInterrupt::ignored : engine::SecondInterrupt::ends);
  s.ranks.begin(options.journal);
  run_trials(s, study, objective);
  if (is_job()) return;
  // One process at a time, from what is there by then: the last one leaves the whole.
  const engine::FileLock lock(s.folder.path() / "trials/result.lock", engine::Wait::yes);
  SearchResult result = describe(study, s.measures);
  std::string text = table_of(result, s.measures, columns, 10);
  const TrialRecord* best = best_of(result.trials, s.measures);
  if (result.n_unfinished > 0) {
    text += fmt::format("{} trials are running in other processes\n", result.n_unfinished);
  } else if (best != nullptr) {
    result.best = best->number;
    if (options.storage.empty() || s.folder.holds_model_of(*best)) {
      result.best_model = scores_of_best(s, *best);
      text += summary(*result.best_model, s.texts.options.out);
    } else {
      text += fmt::format("the model of trial {} lies in the folder of its worker, on {}\n", best->number,
                          search::machine_of(best->worker));
    }
  }
  if (s.add) s.add(result);
  engine::release_interrupts();
  const report::Chart chart = chart_of(result, s.measures, title);
  if (!chart.series.empty()) write_chart(chart, s.folder.path(), "figure");
  s.finish(as_json(result, s.measures), text);
  if (best == nullptr && result.n_unfinished == 0)
    throw engine::Failure(fmt::format("no trial of {} is complete and feasible", result.trials.size()));
}

}  // namespace ingot::pipeline
