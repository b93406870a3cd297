// Optuna itself, Debian's python3-optuna, reads our journals and writes to them. INGOT_OPTUNA_PYTHON names the
// interpreter of another one, as of PyPI.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "engine/base/files.h"
#include "tests/search/study_of.h"
#include "tests/support/redis_server.h"
#include "tests/support/temporary_folder.h"

using namespace ingot::search;
using ingot::test::line;
using ingot::test::TemporaryFolder;

namespace {

int python(const TemporaryFolder& folder, const std::string& script) {
  const char* const own = std::getenv("INGOT_OPTUNA_PYTHON");
  ingot::engine::write_file(folder / "script.py", script);
  return std::system(("cd '" + folder.path().string() + "' && " + (own != nullptr ? own : "/usr/bin/python3") +
                      " -W ignore script.py >output 2>errors")
                         .c_str());
}

std::vector<double> small(Trial& trial) {
  const double x = trial.suggest_float("x", -3, 3), rate = trial.suggest_float("rate", 1e-4, 1, {.log = true});
  const auto n = static_cast<double>(trial.suggest_int("n", 0, 10, {.step = 2}));
  const int width = trial.suggest_ordinal<int>("width", {8, 16, 32});
  const bool is_signed = trial.suggest_categorical<bool>("signed", {false, true});
  trial.settle();
  trial.report(x, 0);
  trial.report(std::nan(""), 3);
  trial.set_user_attr("note", "\u00e4\n");
  if (trial.number() % 5 == 4) throw Pruned();
  if (trial.number() % 7 == 6) return {std::nan("")};
  return {x * x + n + width * rate + (is_signed ? 1 : 0)};
}

}  // namespace

TEST_CASE("Optuna loads a journal of ours, adds trials, and we read them") {
  const TemporaryFolder folder;
  if (python(folder, "import optuna") != 0) {
    MESSAGE("skipped: exchanging a journal with Optuna: needs the package python3-optuna");
    return;
  }
  {
    Study study({.name = "shared", .sampling = {.seed = 3}, .journal = folder / "j"});
    study.enqueue({{"x", 0.5}, {"signed", true}});
    study.optimize(small, {.trials = 20});
    study.enqueue({{"x", 0.25}});  // for Optuna to run
  }
  // One line a trial, and then 15 trials of its own.
  REQUIRE(python(folder, R"(
import optuna, os
optuna.logging.disable_default_handler()
storage = optuna.storages.JournalStorage(optuna.storages.JournalFileStorage(os.path.abspath("j")))
study = optuna.load_study(study_name="shared", storage=storage, sampler=optuna.samplers.TPESampler(seed=1, multivariate=True, warn_independent_sampling=False))
for t in study.get_trials():
    values = "" if t.state.name == "WAITING" else " ".join(f"{k}={t.params[k]!r}" for k in sorted(t.params))
    print(t.number, t.state.name, values, t.values, repr(t.user_attrs.get("note")), sorted(t.intermediate_values), sep="|")
print("best", study.best_trial.number)
def objective(trial):
    x, rate = trial.suggest_float("x", -3, 3), trial.suggest_float("rate", 1e-4, 1, log=True)
    n, width = trial.suggest_int("n", 0, 10, step=2), trial.suggest_categorical("width", [8, 16, 32])
    signed = trial.suggest_categorical("signed", [False, True])
    trial.report(x, 1)
    return x * x + n + width * rate + signed
study.optimize(objective, n_trials=15)
)") == 0);
  Study study({.name = "shared", .sampling = {.seed = 3}, .journal = folder / "j"});
  const auto trials = study.trials();
  REQUIRE(trials.size() == 35);
  std::istringstream output(ingot::engine::read_file(folder / "output"));
  const auto python_value = [](const Parameter& p) {  // as Python prints it
    if (p.distribution->kind == Distribution::Kind::categorical) return std::string(p.value == 1 ? "True" : "False");
    if (!p.distribution->choices.empty()) return to_string(*p.distribution, p.value);
    const bool is_integer = p.distribution->kind == Distribution::Kind::integer;
    return is_integer ? std::to_string(static_cast<int>(p.value)) : std::string();
  };
  int best = -1;
  for (std::size_t i = 0; i < 20; ++i) {
    std::string text;
    std::getline(output, text);
    CAPTURE(text);
    const TrialRecord& t = trials[i];
    const char* const states[] = {"RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING"};
    CHECK(text.starts_with(std::to_string(t.number) + "|" + states[static_cast<int>(t.state)] + "|n="));
    for (const auto& [name, p] : t.parameters) {
      CHECK(text.find(name + "=" + python_value(p)) != text.npos);
      if (p.distribution->kind != Distribution::Kind::real) continue;
      CHECK(std::stod(text.substr(text.find(name + "=") + name.size() + 1)) == p.value);
    }
    CHECK(text.find("|[0, 3]") != text.npos);
    if (t.state != State::complete) continue;
    CHECK(std::stod(text.substr(text.find("|[") + 2)) == t.values[0]);
    if (best < 0 || t.values[0] < trials[static_cast<std::size_t>(best)].values[0]) best = static_cast<int>(i);
  }
  std::string last;
  while (std::getline(output, last) && !last.starts_with("best")) {
  }
  CHECK(last == "best " + std::to_string(best));
  for (std::size_t i = 20; i < 35; ++i) {
    CHECK(trials[i].state == State::complete);
    CHECK(trials[i].parameters.size() == 5);
    CHECK(trials[i].reports.size() == 1);
  }
  CHECK(trials[20].parameters.at("x").value == 0.25);  // the enqueued one
  study.optimize(small, {.trials = 40});               // and we go on
  CHECK(study.trials().size() == 40);
}

TEST_CASE("Optuna and ingot append to one study at the same time") {
  const TemporaryFolder folder;
  if (python(folder, "import optuna") != 0) {
    MESSAGE("skipped: sharing a study with Optuna: needs the package python3-optuna");
    return;
  }
  Study study({.name = "shared", .journal = folder / "j"});
  int status = -1;
  std::thread optuna([&] {
    status = python(folder, R"(
import optuna, os
optuna.logging.disable_default_handler()
storage = optuna.storages.JournalStorage(optuna.storages.JournalFileStorage(os.path.abspath("j")))
study = optuna.load_study(study_name="shared", storage=storage, sampler=optuna.samplers.RandomSampler())
study.optimize(lambda trial: trial.suggest_float("x", -3, 3) ** 2, n_trials=30)
)");
  });
  int n_ours = 0;
  study.optimize(
      [&](Trial& trial) {
        const double x = trial.suggest_float("x", -3, 3);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        ++n_ours;
        return std::vector{x * x};
      },
      {.trials = 60});
  optuna.join();
  REQUIRE(status == 0);
  Study all({.name = "shared", .journal = folder / "j"});
  int n_complete = 0;
  for (const TrialRecord& t : all.trials()) n_complete += t.state == State::complete;
  CHECK(n_complete == n_ours + 30);
}

TEST_CASE("Optuna and ingot share a study on a server, at the same time and one after the other") {
  const TemporaryFolder folder;
  if (!ingot::test::RedisServer::is_there() || python(folder, "import optuna, redis") != 0) {
    MESSAGE("skipped: sharing a server with Optuna: needs redis-tools, python3-optuna and python3-redis");
    return;
  }
  const ingot::test::RedisServer server("secret");
  const StudyOptions options{.name = "shared", .sampling = {.seed = 3}, .storage = server.url()};
  Study study(options);
  study.enqueue({{"x", 0.5}, {"signed", true}});
  study.optimize(small, {.trials = 20});
  int status = -1;
  std::thread optuna([&] {
    status = python(folder, "url = '" + server.url() + "'" + R"(
import optuna
optuna.logging.disable_default_handler()
kind = optuna.storages.journal.JournalRedisBackend if optuna.__version__[0] > "3" else optuna.storages.JournalRedisStorage
study = optuna.load_study(study_name="shared", storage=optuna.storages.JournalStorage(kind(url)))
first = [t for t in study.get_trials() if t.number < 20]
print(sum(t.state.name == "COMPLETE" for t in first), len(first[0].params), first[0].params["x"], first[0].params["signed"])
study.optimize(lambda trial: trial.suggest_float("x", -3, 3) ** 2, n_trials=30)
)");
  });
  int n_ours = 0;
  study.optimize(
      [&](Trial& trial) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        ++n_ours;
        return small(trial);
      },
      {.trials = 70});
  optuna.join();
  REQUIRE_MESSAGE(status == 0, ingot::engine::read_file(folder / "errors"));
  Study all(options);
  int n_first = 0, n_theirs = 0;
  for (const TrialRecord& t : all.trials()) {
    CHECK(t.is_finished());
    n_first += t.number < 20 && t.state == State::complete;
    n_theirs += t.number >= 20 && t.parameters.size() == 1;
  }
  CHECK(n_theirs == 30);
  CHECK(static_cast<int>(all.trials().size()) == 20 + n_ours + 30);
  CHECK(ingot::engine::read_file(folder / "output") == std::to_string(n_first) + " 5 0.5 True\n");
}
