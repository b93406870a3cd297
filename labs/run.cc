#include "labs/run.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <set>
#include <sstream>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "labs/typed.h"

namespace ingot::labs {
namespace fs = std::filesystem;
using engine::Json;
using engine::require;
using engine::say;

std::vector<Row> choose_rows(std::span<const Row> rows, const std::string& patterns) {
  std::set<std::string> names;
  std::istringstream list(patterns.empty() ? "*" : patterns);
  for (std::string pattern; std::getline(list, pattern, ',');) {
    bool any = false;
    for (const Row& row : rows) {
      if (::fnmatch(pattern.c_str(), row.name.c_str(), 0) != 0) continue;
      names.insert(row.name);
      any = true;
    }
    if (any) continue;
    std::vector<std::string> all;
    for (const Row& row : rows) all.push_back(row.name);
    engine::fail("--rows: no row is named '{}'; the rows are {}", pattern, fmt::join(all, ", "));
  }
  std::vector<Row> chosen;
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {  // what a row needs stands before it
    if (!names.contains(row->name)) continue;
    for (const std::string& needed : needs(*row, rows)) names.insert(needed);
    chosen.insert(chosen.begin(), *row);
  }
  return chosen;
}

std::vector<std::vector<std::string>> typed_commands(const LabRun& run, const Row& row, const Results& results) {
  std::map<std::string, std::string> values = run.values;
  values["here"] = run.folder.row_folder(row.name).string();
  values["plan"] = run.folder.plan_file(row.name).string();
  std::vector<std::vector<std::string>> typed;
  constexpr std::string_view kTexts = "--data {data}";
  for (std::string command : row.commands) {
    const std::size_t texts = command.find(kTexts);
    if (texts != std::string::npos && run.has_parts) command.replace(texts, kTexts.size(), "--train {data}");
    for (const std::string& stand_in : stand_ins(command)) {
      if (values.contains(stand_in)) continue;
      const Row* other = resolve(named_by(stand_in), run.rows, results);
      require(other != nullptr, "row {}: {} is not done, or its rows have no validation accuracy to choose by",
              row.name, stand_in);
      const std::string model = other->is_given ? values.at("from") : run.folder.row_folder(other->name).string();
      values[stand_in] = stand_in.ends_with(".value") ? other->value : model;
    }
    typed.push_back(words_of(command, values));
    if (texts != std::string::npos) typed.back().insert(typed.back().end(), run.reading.begin(), run.reading.end());
  }
  return typed;
}

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool can_resume(const std::string& command) {
  return command == "train" || command == "quantize" || command == "prune" || command == "search";
}

// Whether other processes still run trials of its search.
bool is_unfinished(const RowResult& result) { return result.figures.unfinished.value_or(0) > 0; }

// Types a command of a row. Of a row that assembles its result it returns what --json shows, else null.
Json do_command(const LabRun& run, const Row& row, std::vector<std::string> words, bool resumed) {
  const bool shows_json = row.assemble != nullptr;
  if ((resumed && can_resume(words[0])) || words[0] == "search") words.emplace_back("--resume");
  if (run.threads > 0) words.insert(words.end(), {"--threads", std::to_string(run.threads)});
  if (run.jobs > 0 && words[0] == "search") words.insert(words.end(), {"--jobs", std::to_string(run.jobs)});
  if (run.quiet) words.emplace_back("--quiet");
  if (shows_json) words.emplace_back("--json");
  say(fmt::format("{}: $ {}", row.name, command_line(words)));
  const auto work = [&] { require(run.run_command(words) == 0, "{}: did not work", words[0]); };
  if (shows_json) return engine::parse_json(output_of(work), command_line(words));
  const OutputAside aside(run.quiet);
  work();
  return {};
}

// Types the commands of one row.
RowResult do_row(const LabRun& run, const Row& row, const Results& results) {
  const fs::path here = run.folder.row_folder(row.name);
  const bool resumed = fs::exists(here);
  std::error_code absent;
  fs::remove_all(here / "packed", absent);  // of an export that did not end
  if (!row.plan.empty()) {
    fs::create_directories(run.folder.plan_file(row.name).parent_path());
    engine::write_file(run.folder.plan_file(row.name), row.plan);
  }
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::string> lines;
  std::vector<Json> results_of_commands;
  for (const std::vector<std::string>& words : typed_commands(run, row, results)) {
    lines.push_back(command_line(words));
    Json result = do_command(run, row, words, resumed);
    if (row.assemble != nullptr) results_of_commands.push_back(std::move(result));
  }
  const fs::path file = here / "result.json";
  RowResult result(
      row.assemble != nullptr ? row.assemble(results_of_commands) : engine::parse_json_or_null(engine::read_file(file)),
      file.string());
  require(row.assemble != nullptr || result.figures.accuracy || is_unfinished(result), "{}: has no accuracy",
          file.string());
  result.seconds = seconds_since(start);
  result.resumed = resumed;
  result.typed = std::move(lines);
  return result;
}

enum class Step { worked, waits, ends };

class Worker {
 public:
  explicit Worker(const LabRun& run) : run_(run), results_(run.folder.results(run.rows)) {
    for (const auto& [name, result] : results_)
      run.folder.tidy(name);  // who did the row may have been killed before it
  }

  std::map<std::string, std::string> work() {
    for (;;) {
      engine::catch_interrupts();  // commands let go of them when they end
      if (engine::interrupted()) throw engine::Interrupted("stopped; the same command goes on");
      const Step step = find_work();
      if (step == Step::ends) break;
      if (step == Step::waits) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    engine::release_interrupts();
    return failures_;
  }

 private:
  // Does the first row that is free.
  Step find_work() {
    bool busy = false, blocked = false;
    for (const Row& row : run_.chosen) {
      if (is_done(row) || failures_.contains(row.name)) continue;
      const Readiness readiness = readiness_of(row);
      if (readiness == Readiness::never) return Step::worked;
      blocked |= readiness == Readiness::later;
      if (readiness != Readiness::now) continue;
      const engine::FileLock lock(run_.folder.lock_file(row.name), engine::Wait::no);
      if (row.is_shared ? may_join(row) : lock.is_held()) {
        if (!is_done(row)) attempt(row);  // it may have been done since we looked
        return Step::worked;
      }
      busy = true;
    }
    return busy && blocked ? Step::waits : Step::ends;
  }

  bool is_done(const Row& row) {
    if (results_.contains(row.name)) return true;
    std::optional<RowResult> done = run_.folder.result(row);
    if (!done) return false;
    run_.folder.tidy(row.name);
    results_.emplace(row.name, std::move(*done));
    return true;
  }

  // A shared row that had nothing left to begin is looked at again later: its last trials may have been given up.
  bool may_join(const Row& row) const {
    constexpr double kSecondsApart = 10;
    const auto left = left_.find(row.name);
    return left == left_.end() || seconds_since(left->second) > kSecondsApart;
  }

  enum class Readiness { now, later, never };

  Readiness readiness_of(const Row& row) {
    for (const std::string& needed : needs(row, run_.rows)) {
      if (results_.contains(needed)) continue;
      if (!failures_.contains(needed)) return Readiness::later;
      failures_[row.name] = fmt::format("needs {}, which failed", needed);
      return Readiness::never;
    }
    return Readiness::now;
  }

  void attempt(const Row& row) {
    try {
      const RowResult result = do_row(run_, row, results_);
      if (is_unfinished(result)) {
        left_[row.name] = std::chrono::steady_clock::now();
        return;
      }
      run_.folder.finish_row(row, result);
      results_.emplace(row.name, result);
      tell(row, result);
    } catch (const engine::Interrupted&) {
      throw engine::Interrupted(fmt::format("stopped in row {}; the same command goes on", row.name));
    } catch (const std::bad_alloc&) {  // no fault of the row: the same command goes on when there is memory
      throw;
    } catch (const std::exception& error) {  // the other rows may still work; the lab ends with what failed
      failures_[row.name] = error.what();
      say(fmt::format("{}: failed: {}", row.name, error.what()));
    }
  }

  void tell(const Row& row, const RowResult& result) {
    const auto done = std::count_if(run_.chosen.begin(), run_.chosen.end(), [&](const Row& r) { return is_done(r); });
    const std::string reference = row.reference ? fmt::format(" (reference {:.4f})", *row.reference) : "";
    const std::string found =
        result.figures.accuracy ? fmt::format("accuracy {:.4f}{}", *result.figures.accuracy, reference) : "done";
    say(fmt::format("[{}/{}] {}: {}, {}", done, run_.chosen.size(), row.name, found,
                    engine::duration_text(result.seconds)));
  }

  const LabRun& run_;
  Results results_;
  std::map<std::string, std::string> failures_;
  std::map<std::string, std::chrono::steady_clock::time_point> left_;  // shared rows that others finish
};

}  // namespace

std::map<std::string, std::string> run_rows(const LabRun& run) { return Worker(run).work(); }

}  // namespace ingot::labs
