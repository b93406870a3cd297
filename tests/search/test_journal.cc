#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <set>
#include <sstream>
#include <thread>

#include "engine/base/files.h"
#include "engine/base/rng.h"
#include "engine/io/json.h"
#include "search/history/json.h"
#include "search/storage/replay.h"
#include "tests/search/study_of.h"
#include "tests/support/error_text.h"
#include "tests/support/small_disk.h"
#include "tests/support/temporary_folder.h"

using namespace ingot::search;
using ingot::engine::read_file;
using ingot::engine::write_file;
using ingot::test::contains;
using ingot::test::error_text;
using ingot::test::every_kind;
using ingot::test::line;
using ingot::test::lines;
using ingot::test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

StudyOptions in(const fs::path& journal, int batch = 1) {
  return {.name = "s", .sampling = {.seed = 9}, .batch = batch, .journal = journal, .identity = {{"seed", 9}}};
}

// Runs `work` in a process of its own that ends without destructors, as a killed one does; returns its number.
template <class Work>
pid_t in_child(const Work& work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    work();
    ::_exit(0);
  } catch (...) {
    ::_exit(1);
  }
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

void write_whole_study(const fs::path& journal, int n_trials) {
  Study study(in(journal));
  study.optimize(every_kind, {.trials = n_trials});
}

}  // namespace

TEST_CASE("a journal gives back every trial as it was") {
  const TemporaryFolder folder;
  std::vector<std::string> before;
  {
    Study study(in(folder / "j"));
    study.enqueue({{"kind", "log"}});
    study.optimize(
        [](Trial& trial) {
          auto value = every_kind(trial);
          trial.report(std::nan(""), 1);
          trial.report(0.1, 5);
          trial.set_user_attr("note", {{"a", 1}, {"b", "\n"}});
          if (trial.number() == 2) throw Pruned();
          if (trial.number() == 3) return std::vector{std::nan("")};
          if (trial.number() == 4) return std::vector{-std::numeric_limits<double>::infinity()};
          trial.set_constraints({-1.0, 0.25});
          return value;
        },
        {.trials = 6});
    before = lines(study);
  }
  Study study(in(folder / "j"));
  CHECK(lines(study) == before);
  const auto trials = study.trials();
  REQUIRE(trials.size() == 6);
  CHECK(trials[0].parameters.at("kind").value == 2);
  CHECK(trials[2].state == State::pruned);
  CHECK(trials[2].values == std::vector{0.1});
  CHECK(std::isnan(trials[5].reports.at(1)));
  CHECK(trials[5].reports.at(5) == 0.1);
  CHECK(trials[5].violation == 0.25);
  CHECK(trials[5].user_attributes["note"]["b"] == "\n");
  CHECK(trials[4].values[0] == -std::numeric_limits<double>::infinity());
}

TEST_CASE("a study that goes on from a journal gives the trials of one that never stopped") {
  for (const int batch : {1, 3}) {
    const TemporaryFolder folder;
    Study whole({.name = "s", .sampling = {.seed = 9}, .batch = batch});
    whole.optimize(every_kind, {.trials = 40});
    for (const int part : {1, 7, 13, 14, 30, 40}) {
      Study study(in(folder / "j", batch));
      study.optimize(every_kind, {.trials = part});
      CHECK(study.trials().size() == static_cast<std::size_t>(part));
    }
    Study study(in(folder / "j", batch));
    CHECK(lines(study) == lines(whole));
  }
}

TEST_CASE("a search killed again and again loses no finished trial, repeats no number, and ends as one never killed") {
  for (const int batch : {1, 4}) {
    const TemporaryFolder folder;
    const fs::path journal = folder / "j", told = folder / "told";
    constexpr int kTrials = 60;
    const auto search = [&] {
      Study study(in(journal, batch));
      study.optimize(
          [](Trial& trial) {
            auto value = every_kind(trial);
            trial.settle();
            trial.report(value[0], 0);
            return value;
          },
          {.trials = kTrials, .jobs = batch, .told = [&](const TrialRecord& t) {
             const int file = ::open(told.c_str(), O_WRONLY | O_APPEND | O_CREAT, 0644);
             const std::string text = line(t) + "\n";
             if (::write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) ::_exit(1);
             ::close(file);
           }});
    };
    ingot::engine::Rng rng(static_cast<std::uint64_t>(batch));
    int n_killed = 0;
    for (int round = 0; round < 50; ++round) {
      const pid_t child = in_child(search);
      std::this_thread::sleep_for(std::chrono::microseconds(rng.below(20'000)));
      ::kill(child, SIGKILL);
      n_killed += WIFSIGNALED(wait_for(child));
      if (!fs::exists(told)) continue;
      Study study(in(journal, batch));  // loads
      const std::vector<std::string> known = lines(study);
      std::istringstream lines_told(read_file(told));
      for (std::string text; std::getline(lines_told, text);) {
        const auto number = static_cast<std::size_t>(std::stoi(text));
        REQUIRE(number < known.size());
        REQUIRE(known[number] == text);
      }
    }
    CHECK(n_killed > 5);
    search();
    Study whole({.name = "s", .sampling = {.seed = 9}, .batch = batch});
    whole.optimize(every_kind, {.trials = kTrials});
    Study study(in(journal, batch));
    CHECK(lines(study) == lines(whole));
    std::istringstream lines_told(read_file(told));
    std::set<int> numbers;
    for (std::string text; std::getline(lines_told, text);) CHECK(numbers.insert(std::stoi(text)).second);
  }
}

TEST_CASE("a trial that a killed process left is run again with the parameters that it had") {
  const TemporaryFolder folder;
  const auto open = [&](std::uint64_t seed) {
    return StudyOptions{.name = "s", .sampling = {.seed = seed}, .journal = folder / "j"};
  };
  const pid_t child = in_child([&] {
    Study study(open(1));
    Trial trial = study.ask();
    every_kind(trial);
    trial.settle();
    trial.report(1, 0);
    ::raise(SIGKILL);
  });
  CHECK(WIFSIGNALED(wait_for(child)));
  Study study(open(2));  // would draw others
  const TrialRecord left = study.trials().at(0);
  CHECK(left.state == State::running);
  study.optimize(every_kind, {.trials = 1});
  const TrialRecord done = study.trials().at(0);
  CHECK(done.state == State::complete);
  CHECK(done.reports.empty());
  for (const auto& [name, p] : left.parameters) CHECK(done.parameters.at(name).value == p.value);
}

TEST_CASE("several processes share one study") {
  const TemporaryFolder folder;
  const fs::path journal = folder / "j";
  { const Study first(in(journal)); }
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(in_child([&] {
      Study study(in(journal));
      study.optimize(every_kind, {.trials = 60});
    }));
  }
  for (const pid_t child : children) CHECK(wait_for(child) == 0);
  Study study(in(journal));
  const auto trials = study.trials();
  CHECK(trials.size() == 60);
  std::set<std::string> workers, configurations;
  for (const TrialRecord& t : trials) {
    CHECK(t.state == State::complete);
    workers.insert(t.worker);
    configurations.insert(line(t).substr(line(t).find(' ')));
  }
  CHECK(workers.size() > 1);
  CHECK(configurations.size() == 60);  // no process repeats what another draws
}

TEST_CASE("a torn last line is cut off before the next is written") {
  const TemporaryFolder folder;
  write_whole_study(folder / "whole", 3);
  const std::string text = read_file(folder / "whole");
  const std::size_t last = text.rfind('\n', text.size() - 2) + 1;  // where the last line begins
  for (const std::size_t size : {last + 1, last + 5, last + 30, text.size() - 1}) {
    write_file(folder / "j", text.substr(0, size));
    Study study(in(folder / "j"));
    study.optimize(every_kind, {.trials = 5});
    CHECK(study.trials().size() == 5);
    const std::string after = read_file(folder / "j");
    CHECK(after.substr(0, last) == text.substr(0, last));
    Study again(in(folder / "j"));
    CHECK(lines(study) == lines(again));
  }
}

TEST_CASE("a file that is not a journal is refused and stays as it is") {
  const TemporaryFolder folder;
  write_whole_study(folder / "whole", 2);
  const std::string journal = read_file(folder / "whole");
  const std::size_t second = journal.find('\n') + 1;
  const auto message = [&](const std::string& text) {
    write_file(folder / "j", text);
    const std::string error = error_text([&] {
      Study study(in(folder / "j"));
      study.optimize(every_kind, {.trials = 3});
    });
    CHECK(read_file(folder / "j") == text);
    CHECK_FALSE(fs::exists(folder / "j.lock"));
    return error.substr(error.find("j: ") + 3);
  };
  CHECK(message("text,label\n1,2\n").starts_with("line 1: not valid JSON: parse error at line 1, column 2"));
  CHECK(message("no line at all") == "is not a journal: its last line is no part of a record");
  CHECK(message("[1,2]\n") == "line 1: is no record of a journal");
  CHECK(message("{\"op_code\":10,\"worker_id\":\"w\"}\n") == "line 1: op_code 10 is unknown");
  CHECK(message(journal.substr(0, second) + journal.substr(second + 1)).starts_with("line 2: not valid JSON: "));
  CHECK(message("{\"op_code\":6,\"worker_id\":\"w\",\"trial_id\":0,\"state\":1,\"values\":[1.0]}\n") ==
        "line 1: there is no trial_id 0 before it");
  CHECK(contains(error_text([&] { Study study(in(folder.path())); }), "cannot open: Is a directory"));
  CHECK(contains(error_text([&] { Study study(in("/dev/null")); }), "is not a regular file"));
  CHECK(contains(error_text([&] { Study study(in(folder / "no/folder")); }), "No such file or directory"));
}

TEST_CASE("another study, another direction and another space under one name are errors") {
  const TemporaryFolder folder;
  write_whole_study(folder / "j", 2);
  const auto message = [&](StudyOptions options, const Objective& objective) {
    const std::string error = error_text([&] {
      Study study(std::move(options));
      study.optimize(objective, {.trials = 4});
    });
    return error.substr(error.find("j: ") == std::string::npos ? 0 : error.find("j: ") + 3);
  };
  StudyOptions other = in(folder / "j");
  other.identity["seed"] = 8;
  CHECK(message(other, every_kind) == "study s was started with seed 9, not 8");
  other = in(folder / "j");
  other.directions = {Direction::maximize};
  CHECK(message(other, every_kind) == "study s is to minimize, not to maximize");
  CHECK(message(in(folder / "j"), [](Trial& trial) {
          return std::vector{trial.suggest_categorical<double>("real", {1, 2})};
        }) == "parameter real: is real [-2, 3] in this study, and categorical {1.0, 2.0} here");
  CHECK(message(in(folder / "j"), [](Trial& trial) {
          return std::vector{double(trial.suggest_ordinal<int>("width", {8, 16, 64}))};
        }) == "parameter width: is one of [8,16,32] in this study, and of [8,16,64] here");
  other = in(folder / "j");
  other.name = "t";  // a second study in the same file
  CHECK(message(other, every_kind).empty());
  CHECK(Study(in(folder / "j")).trials().size() == 4);  // two that met an error, and those of t apart
}

TEST_CASE("a full disk is an error, and the journal stays loadable") {
  const TemporaryFolder folder;
  write_whole_study(folder / "whole", 12);
  const auto size = static_cast<std::uint64_t>(fs::file_size(folder / "whole"));
  for (std::uint64_t limit = 900; limit < size; limit += size / 23) {
    fs::remove(folder / "j");
    const pid_t child = in_child([&] {
      const ingot::test::SmallDisk disk(limit);
      const std::string error = error_text([&] { write_whole_study(folder / "j", 12); });
      ::_exit(contains(error, "j: cannot write: File too large") ? 0 : 1);
    });
    CHECK(wait_for(child) == 0);
    CHECK_FALSE(fs::exists(folder / "j.lock"));
    const std::string text = read_file(folder / "j");
    CHECK((text.empty() || text.back() == '\n'));
    Study study(in(folder / "j"));
    study.optimize(every_kind, {.trials = 12});
    Study whole(in(folder / "whole"));
    CHECK(lines(study) == lines(whole));
  }
}

TEST_CASE("the lock of Optuna is waited for, one that a killed ingot left is not") {
  const TemporaryFolder folder;
  const fs::path journal = folder / "j";
  write_whole_study(journal, 1);
  const fs::path real = fs::canonical(journal), link = real.string() + ".lock";
  fs::create_symlink(real.parent_path() / "." / real.filename(), link);  // as ingot makes them
  Study study(in(journal));
  CHECK_FALSE(fs::exists(fs::symlink_status(link)));
  fs::create_symlink(real, link);  // as Optuna does
  const auto start = std::chrono::steady_clock::now();
  std::thread owner([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    fs::remove(link);
  });
  study.optimize(every_kind, {.trials = 2});
  owner.join();
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(60));
}

TEST_CASE("no bytes make the reader do anything but load or complain") {
  const TemporaryFolder folder;
  write_whole_study(folder / "whole", 6);
  const std::string journal = read_file(folder / "whole");
  std::vector<std::string> records;
  for (std::size_t begin = 0; begin < journal.size(); begin = journal.find('\n', begin) + 1) {
    records.push_back(journal.substr(begin, journal.find('\n', begin) - begin));
  }
  ingot::engine::Rng rng(21);
  const char* const tokens[] = {"NaN",  "-1",       "1e999", "null", "{}", "[]", "\"\"", "99999999999999999999",
                                "true", "-Infinity"};
  int n_loaded = 0, n_refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<std::string> mutated = records;
    for (std::uint64_t change = 0; change <= rng.below(3); ++change) {
      std::string& text = mutated[rng.below(mutated.size())];
      const std::size_t at = rng.below(text.size() + 1);
      switch (rng.below(5)) {
        case 0:  // a value becomes another
          if (const std::size_t colon = text.find(':', at); colon != text.npos) {
            const std::size_t end = std::min(text.find_first_of(",}", colon), text.size());
            text.replace(colon + 1, end - colon - 1, tokens[rng.below(std::size(tokens))]);
          }
          break;
        case 1:
          text.insert(at, 1, static_cast<char>(rng.below(256)));
          break;
        case 2:
          text.erase(at, rng.below(9));
          break;
        case 3:
          std::swap(text, mutated[rng.below(mutated.size())]);
          break;
        default:
          text += '\n' + std::string(mutated[rng.below(mutated.size())]);
      }
    }
    Replay replay("j", "line", "s");
    try {
      std::int64_t number = 0;
      for (const std::string& text : mutated) {
        std::istringstream parts(text);
        for (std::string part; std::getline(parts, part);) replay.apply(part, ++number);
      }
      replay.settle();
      for (const TrialRecord& t : replay.history().trials) CHECK(!line(t).empty());
      ++n_loaded;
    } catch (const ingot::engine::Error& error) {
      CHECK(std::string(error.what()).starts_with("j: line "));
      ++n_refused;
    }
  }
  CHECK(n_loaded > 100);
  CHECK(n_refused > 100);
}

TEST_CASE("the numbers of Python that JSON does not have are read, outside of texts") {
  CHECK(std::isnan(to_number(parse_python_json("NaN", "f"), "it")));
  const ingot::engine::Json value = parse_python_json(R"({"a":[-Infinity,1,Infinity],"b":"NaN \" Infinity"})", "f");
  CHECK(to_number(value["a"][0], "it") == -std::numeric_limits<double>::infinity());
  CHECK(value["b"] == "NaN \" Infinity");
  CHECK(contains(error_text([] { parse_python_json("{\"a\":NaNa}", "f"); }), "f: not valid JSON"));
  CHECK(number_text(0.1) == "0.1");
  CHECK(number_text(std::nan("")) == "NaN");
}
