// Studies on a Redis server: several processes, killed ones, a server that starts again.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>

#include "search/storage/worker.h"
#include "tests/search/study_of.h"
#include "tests/support/error_text.h"
#include "tests/support/redis_server.h"

using namespace ingot::search;
using ingot::test::contains;
using ingot::test::error_text;
using ingot::test::every_kind;
using ingot::test::failure_text;
using ingot::test::line;
using ingot::test::lines;
using ingot::test::RedisServer;

namespace {

bool has_server() {
  if (RedisServer::is_there()) return true;
  MESSAGE("skipped: studies on a server: need redis-server (Debian package redis-tools has it)");
  return false;
}

StudyOptions on(const RedisServer& server, double lease = 60) {
  return {.name = "s",
          .sampling = {.seed = 9},
          .storage = server.url(),
          .lease = lease,
          .patience = 10,
          .identity = {{"seed", 9}}};
}

// Runs `work` in a process of its own that ends without destructors, as a killed one does; returns its number.
template <class Work>
pid_t in_child(const Work& work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    work();
    ::_exit(0);
  } catch (const std::exception& error) {
    fmt::print(stderr, "worker: {}\n", error.what());
    ::_exit(1);
  }
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// Trials of which each is complete, and the numbers of the records that ended one.
void check_all_complete(const RedisServer& server, std::size_t n_trials) {
  Study study(on(server));
  const auto trials = study.trials();
  CHECK(trials.size() == n_trials);
  for (const TrialRecord& t : trials) CHECK_MESSAGE(t.state == State::complete, line(t));
  std::multiset<std::string> ends;
  const std::int64_t last = std::stoll(server.command({"GET", ":log_number"}).text);
  for (std::int64_t i = 0; i <= last; ++i) {
    const auto record = ingot::engine::Json::parse(server.command({"GET", fmt::format(":log:{}", i)}).text);
    if (record["op_code"] == 6 && record["state"] == 1) ends.insert(record["trial_id"].dump());
  }
  CHECK(ends.size() == n_trials);
  CHECK(std::set<std::string>(ends.begin(), ends.end()).size() == n_trials);
}

}  // namespace

TEST_CASE("a study on a server has the trials of one that never left its process, also when it goes on there") {
  if (!has_server()) return;
  const RedisServer server;
  Study whole({.name = "s", .sampling = {.seed = 9}});
  whole.optimize(every_kind, {.trials = 30});
  for (const int part : {1, 7, 30}) {
    Study study(on(server));
    study.optimize(every_kind, {.trials = part});
  }
  Study study(on(server));
  CHECK(lines(study) == lines(whole));
  StudyOptions other = on(server);
  other.identity["seed"] = 8;
  CHECK(error_text([&] { Study wrong(other); }) == server.name() + ": study s was started with seed 9, not 8");
  other = on(server);
  other.name = "t";
  Study second(other);
  second.optimize(every_kind, {.trials = 2});
  CHECK(study.trials().size() == 30);
  CHECK(server.command({"KEYS", ":ingot:lease:*"}).items.size() == 2);  // of those that live
}

TEST_CASE("eight workers share a study of 200 trials: all are complete, and none is done twice") {
  if (!has_server()) return;
  const RedisServer server;
  std::vector<pid_t> workers;
  for (int i = 0; i < 8; ++i) {
    workers.push_back(in_child([&] {
      Study study(on(server));
      study.optimize([](Trial& trial) { return std::vector{trial.suggest_float("x", -1, 1)}; }, {.trials = 200});
    }));
  }
  for (const pid_t worker : workers) CHECK(wait_for(worker) == 0);
  check_all_complete(server, 200);
  Study study(on(server));
  std::set<std::string> names;
  std::set<double> values;
  for (const TrialRecord& t : study.trials()) names.insert(t.worker), values.insert(t.values[0]);
  CHECK(names.size() == 8);
  CHECK(values.size() == 200);  // nobody repeats what another draws
}

TEST_CASE("the trial of a killed worker is run again at once on its machine, with the parameters that it had") {
  if (!has_server()) return;
  const RedisServer server;
  CHECK(WIFSIGNALED(wait_for(in_child([&] {
    Study study(on(server));
    Trial trial = study.ask();
    every_kind(trial);
    trial.settle();
    trial.report(1, 0);
    ::raise(SIGKILL);
  }))));
  StudyOptions options = on(server);
  options.sampling.seed = 2;  // would draw others
  Study study(options);
  const TrialRecord left = study.trials().at(0);
  CHECK(left.state == State::running);
  study.optimize(every_kind, {.trials = 3});
  const TrialRecord done = study.trials().at(0);
  CHECK(done.reports.empty());
  for (const auto& [name, p] : left.parameters) CHECK(done.parameters.at(name).value == p.value);
  check_all_complete(server, 3);
}

TEST_CASE("a worker that stands still loses its trial with its lease, and what it still writes is nobody's") {
  if (!has_server()) return;
  const RedisServer server;
  constexpr double kLease = 0.4;
  const pid_t still = in_child([&] {
    Study study(on(server, kLease));
    Trial trial = study.ask();
    const double x = trial.suggest_float("x", 0, 1);
    ::raise(SIGSTOP);
    trial.suggest_float("late", 0, 1);
    trial.report(7, 7);
    ::_exit(study.tell(trial, {x}) ? 3 : 4);
  });
  int status = 0;
  ::waitpid(still, &status, WUNTRACED);
  REQUIRE(WIFSTOPPED(status));
  Study study(on(server, kLease));
  // Nothing else is left to do: it waits for the lease to end.
  study.optimize([](Trial& trial) { return std::vector{trial.suggest_float("x", 2, 3)}; }, {.trials = 1});
  CHECK(study.trials().at(0).state == State::complete);
  ::kill(still, SIGCONT);
  CHECK(WEXITSTATUS(wait_for(still)) == 4);
  const TrialRecord t = Study(on(server)).trials().at(0);
  CHECK(t.values.at(0) >= 2);
  CHECK(t.reports.empty());
  CHECK_FALSE(t.parameters.contains("late"));
}

TEST_CASE("a worker that renews its lease keeps its trial, and others do not wait for its end") {
  if (!has_server()) return;
  const RedisServer server;
  Study holder(on(server, 0.4));
  Trial trial = holder.ask();
  Study other(on(server, 0.4));
  other.optimize(every_kind, {.trials = 1});  // returns
  CHECK(other.trials().size() == 1);
  CHECK(holder.tell(trial, {1}));
  CHECK(other.trials().at(0).state == State::complete);
}

TEST_CASE("a server that starts again in the middle of a study goes on with it") {
  if (!has_server()) return;
  RedisServer server;
  std::vector<pid_t> workers;
  for (int i = 0; i < 3; ++i) {
    workers.push_back(in_child([&] {
      Study study(on(server));
      study.optimize(
          [](Trial& trial) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            return every_kind(trial);
          },
          {.trials = 150});
    }));
  }
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    server.stop(i == 0 ? SIGTERM : SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    server.start();
  }
  for (const pid_t worker : workers) CHECK(wait_for(worker) == 0);
  check_all_complete(server, 150);
}

TEST_CASE("connections that break at any place double nothing and lose nothing") {
  if (!has_server()) return;
  const RedisServer server;
  Study one(on(server)), two(on(server));
  std::atomic<bool> is_over = false;
  int n_broken = 0;
  std::thread breaker([&] {
    for (int i = 0; i < 40 && !is_over; ++i) {
      n_broken += static_cast<int>(server.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}).integer);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  const auto objective = [](Trial& trial) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    return std::vector{trial.suggest_float("x", -1, 1)};
  };
  std::vector<std::string> errors(2);
  std::thread beside([&] { errors[1] = error_text([&] { two.optimize(objective, {.trials = 60}); }); });
  errors[0] = error_text([&] { one.optimize(objective, {.trials = 60}); });
  beside.join();
  is_over = true;
  breaker.join();
  CHECK(errors == std::vector<std::string>{"", ""});
  CHECK(n_broken > 10);
  check_all_complete(server, 60);
}

TEST_CASE("a server that answers nothing for a while, as behind a broken network, doubles nothing and loses nothing") {
  if (!has_server()) return;
  const RedisServer server;
  StudyOptions options = on(server);
  options.patience = 6;  // and a connection that is silent for a quarter of it is lost
  Study study(options);
  std::thread silence([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ::kill(server.process(), SIGSTOP);
    std::this_thread::sleep_for(std::chrono::milliseconds(2000));
    ::kill(server.process(), SIGCONT);
  });
  const auto start = std::chrono::steady_clock::now();
  study.optimize(
      [](Trial& trial) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return std::vector{trial.suggest_float("x", -1, 1)};
      },
      {.trials = 40});
  CHECK(std::chrono::steady_clock::now() - start > std::chrono::milliseconds(2000));
  silence.join();
  check_all_complete(server, 40);
}

TEST_CASE("a server that stays away ends the search as a failure, after its patience") {
  if (!has_server()) return;
  RedisServer server;
  StudyOptions options = on(server);
  options.patience = 0.5;
  Study study(options);
  const auto start = std::chrono::steady_clock::now();
  const std::string failure = failure_text([&] {
    study.optimize(
        [&](Trial& trial) {
          const double x = trial.suggest_float("x", 0, 1);
          server.stop(SIGKILL);
          return std::vector{x};
        },
        {.trials = 3});
  });
  CHECK(failure == server.name() + ": was away for 0.5 s: cannot connect: Connection refused");
  CHECK(std::chrono::steady_clock::now() - start > std::chrono::milliseconds(500));
  server.start();
  study.optimize(every_kind, {.trials = 3});  // the trial is still there
  check_all_complete(server, 3);
}

TEST_CASE("a server that lost what was read is a failure, and no study that goes on from other numbers") {
  if (!has_server()) return;
  const RedisServer server;
  const auto loss = [&](const auto& lose) {
    server.command({"FLUSHALL"});
    Study study(on(server));
    study.optimize(every_kind, {.trials = 3});
    lose();
    return failure_text([&] { study.optimize(every_kind, {.trials = 5}); });
  };
  const std::string rule = server.name() + ": must still have the ";
  CHECK(loss([&] { server.command({"FLUSHALL"}); }).starts_with(rule));
  CHECK(loss([&] { server.command({"DECRBY", ":log_number", "3"}); }).starts_with(rule));
  CHECK(loss([&] {
          server.command({"FLUSHALL"});
          Study longer(on(server));
          longer.optimize(every_kind, {.trials = 9});
        }).starts_with(rule));
}
