// Trials of a search side by side: jobs on one machine, that die, are stopped, and whose first process is killed.
#include <doctest/doctest.h>

#include <csignal>
#include <sstream>

#include "engine/io/json.h"
#include "pipeline/searches/jobs.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

// Random trials learn nothing from each other: they are the same in whatever order they end.
const std::string kSearch =
    "search nas --data train.csv --tokenizer vocab.txt --layers 1,2 --heads 1,2 --hidden 8,16 --ffn 8,16 --length 16 "
    "--batch 8 --steps 300 --save-every 20 --lr 1e-2 --validation 20 --sampler random --trials 4 --resume --out nas ";

// Without what a clock decides.
Json trials_of(const Workplace& place) {
  Json trials = Json::parse(test::text_of_file(place / "nas/result.json"))["trials"];
  for (Json& trial : trials) trial.erase("seconds");
  return trials;
}

// What one process finds.
Json trials_of_one(const Workplace& place) {
  REQUIRE(place.run(kSearch + "--jobs 1 --quiet").code == 0);
  const Json trials = trials_of(place);
  fs::remove_all(place / "nas");
  return trials;
}

std::vector<pid_t> jobs_of(pid_t process) {
  std::istringstream numbers(test::text_of_file(fmt::format("/proc/{0}/task/{0}/children", process)));
  std::vector<pid_t> jobs;
  for (pid_t job = 0; numbers >> job;) jobs.push_back(job);
  return jobs;
}

// The search with two jobs, both of which have begun a trial and saved its state.
pid_t start_two(const Workplace& place) {
  const pid_t process = place.start(kSearch + "--jobs 2 --threads 2");
  const auto has_state = [&](int number) {
    return fs::exists(place / fmt::format("nas/trials/{}/float/training.safetensors", number));
  };
  REQUIRE(Workplace::wait_until([&] { return has_state(0) && has_state(1); }));
  REQUIRE(jobs_of(process).size() == 2);
  return process;
}

bool is_gone(pid_t process) { return ::kill(process, 0) != 0; }

}  // namespace

TEST_CASE("a trial is given two threads, and a job at least four trials, unless the user says how many jobs") {
  CHECK(pipeline::usual_jobs(1, 100) == 1);
  CHECK(pipeline::usual_jobs(2, 100) == 1);
  CHECK(pipeline::usual_jobs(3, 100) == 1);
  CHECK(pipeline::usual_jobs(4, 100) == 2);
  CHECK(pipeline::usual_jobs(64, 100) == 25);
  CHECK(pipeline::usual_jobs(64, 3) == 1);
}

TEST_CASE("of two jobs one is killed: that is said, and the other goes on with its trial") {
  const Workplace place;
  const Json expected = trials_of_one(place);
  const pid_t process = start_two(place);
  ::kill(jobs_of(process)[0], SIGKILL);
  CHECK(WEXITSTATUS(Workplace::end(process)) == 0);
  CHECK(trials_of(place) == expected);
  const std::string said = test::text_of_file(place / "stderr");
  CHECK_MESSAGE(contains(said, ": ended by signal 9; its trial will be taken over"), said);
  for (int i = 0; i < 4; ++i) {
    const std::string line = fmt::format("trial {}: complete", i);
    CHECK(contains(said, line));
    CHECK(said.find(line) == said.rfind(line));
  }
  CHECK_FALSE(contains(said, "job 1: trial"));  // the first process alone tells
}

TEST_CASE("jobs that are stopped, all at once or through their first process, lose nothing that they have done") {
  const Workplace place;
  const Json expected = trials_of_one(place);
  for (const bool is_by_terminal : {true, false}) {
    CAPTURE(is_by_terminal);
    const pid_t process = start_two(place);
    const std::vector<pid_t> jobs = jobs_of(process);
    if (is_by_terminal) {
      for (const pid_t job : jobs) ::kill(job, SIGINT);
    }
    CHECK(WEXITSTATUS(Workplace::end(process, is_by_terminal ? SIGINT : SIGTERM)) == 130);
    CHECK(std::all_of(jobs.begin(), jobs.end(), is_gone));
    const std::string said = test::text_of_file(place / "stderr");
    CHECK_FALSE(contains(said, ": ended"));
    for (const int number : {0, 1})  // of a training that is stopped: what it goes on from
      CHECK(fs::exists(place / fmt::format("nas/trials/{}/float/training.safetensors", number)));
    REQUIRE(place.run(kSearch + "--jobs 2 --quiet").code == 0);
    CHECK(trials_of(place) == expected);
    fs::remove_all(place / "nas");
  }
}

TEST_CASE("jobs end with a first process that is killed, and their trials are gone on with") {
  const Workplace place;
  const Json expected = trials_of_one(place);
  const pid_t process = start_two(place);
  const std::vector<pid_t> jobs = jobs_of(process);
  Workplace::end(process, SIGKILL);
  CHECK(Workplace::wait_until([&] { return std::all_of(jobs.begin(), jobs.end(), is_gone); }));
  REQUIRE(place.run(kSearch + "--jobs 3 --quiet").code == 0);
  CHECK(trials_of(place) == expected);
}

TEST_CASE("what is wrong with a search of several jobs is said once, before any job begins") {
  const Workplace place;
  const Outcome outcome = place.run(kSearch + "--jobs 2 --lr -1");
  CHECK(outcome.code == 2);
  CHECK_MESSAGE(outcome.error == "ingot: --lr: must be above 0, got -1\n", outcome.error);
  CHECK_FALSE(fs::exists(place / "nas"));
}
