#include "labs/all.h"

#include <fmt/format.h>

#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "engine/base/child.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "labs/folder.h"
#include "labs/given.h"
#include "labs/lab.h"
#include "labs/typed.h"
#include "report/text_table.h"

namespace ingot::labs {
namespace fs = std::filesystem;
namespace {

using engine::Json;

// What became of a lab: done, failed, or left out; and why.
struct Outcome {
  const Lab& lab;
  std::string state, reason;
  fs::path folder;
  double seconds = 0;
  std::size_t n_rows = 0, n_done = 0;
};

std::vector<std::string> words_for(const Lab& lab, const LabOptions& o, const pipeline::Run& run,
                                   const Terminal& terminal, const fs::path& folder) {
  std::vector<std::string_view> dropped;
  if (!lab.takes_model) dropped.emplace_back("--from");
  if (lab.report != nullptr) dropped.emplace_back("--seeds");  // nothing in it has a mean
  std::vector<std::string> words = same_lab(lab, run, dropped);
  const bool reads_texts = lab.needs_texts || !o.from.empty();
  if (reads_texts && !pipeline::has_data(o)) words.emplace_back("--data=glosses");
  add_place(words, folder, terminal);
  return words;
}

// Why a lab cannot run here; empty if it can.
std::string missing(const Lab& lab) {
  for (const Program& program : lab.programs) {
    if (!program.name.empty() && !engine::find_program(std::string(program.name)))
      return fmt::format("needs {}: install the Debian package {}", program.name, program.debian_package);
  }
  return "";
}

// Counts the rows of the result that the lab left.
void count_rows(Outcome& outcome) {
  const fs::path file = outcome.folder / "result.json";
  if (!fs::exists(file)) return;
  const Json result = engine::parse_json_or_null(engine::read_file(file));
  if (!result.is_object() || !result.value("rows", Json()).is_array()) return;
  for (const Json& row : result["rows"]) {
    ++outcome.n_rows;
    if (row.is_object() && row.value("state", Json()) == "done") ++outcome.n_done;
  }
}

Outcome run_one(const Lab& lab, const LabOptions& o, const pipeline::Run& run, const Terminal& terminal) {
  Outcome outcome{.lab = lab, .folder = fs::path(o.out) / fmt::format("lab-{}", lab.name)};
  outcome.reason = missing(lab);
  if (!outcome.reason.empty()) {
    outcome.state = "left out";
    engine::say(fmt::format("lab {}: left out: {}", lab.name, outcome.reason));
    return outcome;
  }
  const std::vector<std::string> words = words_for(lab, o, run, terminal, outcome.folder);
  engine::say(fmt::format("$ {}", command_line(words)));
  const double begin = engine::usage().wall_seconds;
  try {
    const OutputAside aside(terminal.quiet);
    const int code = terminal.run_command(words);
    outcome.state = code == 0 ? "done" : "failed";
    if (code != 0) outcome.reason = fmt::format("ended with exit code {}", code);
  } catch (const engine::Interrupted&) {
    throw engine::Interrupted(fmt::format("stopped in lab {}; the same command goes on", lab.name));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {  // the other labs may still work
    outcome.state = "failed";
    outcome.reason = error.what();
    engine::say(fmt::format("lab {}: failed: {}", lab.name, engine::printable(outcome.reason)));
  }
  outcome.seconds = engine::usage().wall_seconds - begin;
  count_rows(outcome);
  return outcome;
}

Json as_json(const Outcome& outcome) {
  Json json{{"lab", outcome.lab.name},
            {"title", outcome.lab.title},
            {"state", outcome.state},
            {"seconds", outcome.seconds},
            {"rows", outcome.n_rows},
            {"rows_done", outcome.n_done},
            {"folder", outcome.folder.filename().string()}};
  if (!outcome.reason.empty()) json["reason"] = outcome.reason;
  return json;
}

report::TextTable table_of(const std::vector<Outcome>& outcomes) {
  report::TextTable table{.headers = {"lab", "about", "state", "rows done", "seconds"}, .rows = {}, .n_left = 3};
  for (const Outcome& o : outcomes) {
    const bool is_left_out = o.state == "left out";
    table.rows.push_back({std::string(o.lab.name), std::string(o.lab.title), o.state,
                          is_left_out ? "" : fmt::format("{} of {}", o.n_done, o.n_rows),
                          is_left_out ? "" : fmt::format("{:.0f}", o.seconds)});
  }
  return table;
}

std::string markdown_of(const std::vector<Outcome>& outcomes, const std::string& reasons) {
  std::string text = "# All labs\n\n" + table_of(outcomes).markdown() + "\n";
  for (const Outcome& o : outcomes) {
    const std::string folder = o.folder.filename().string();
    if (fs::exists(o.folder / "table.md"))
      text += fmt::format("- [Lab {}]({}/table.md): {}\n", o.lab.name, folder, o.lab.title);
  }
  for (const Outcome& o : outcomes) {
    if (fs::exists(o.folder / "figure.svg"))
      text += fmt::format("\n![Lab {}]({}/figure.svg)\n", o.lab.name, o.folder.filename().string());
  }
  return reasons.empty() ? text : text + "\n" + reasons;
}

}  // namespace

void run_all_labs(const LabOptions& o, const pipeline::Run& run, const Terminal& terminal,
                  const pipeline::Finish& finish) {
  engine::require(o.quick || pipeline::has_data(o), "--data: lab all needs texts; give them as for train, or --quick");
  engine::require(o.rows.empty(), "--rows: labs have rows of different names; lab all does all of them, got '{}'",
                  o.rows);
  if (pipeline::has_data(o)) pipeline::open_data(o);  // what is wrong with it is said once
  const pipeline::OutputLock lock(o.out, run.command, engine::Sharing::together);
  const LabFolder folder(o.out, {{"lab", kAllLabs}});
  std::vector<Outcome> outcomes;
  for (const Lab& lab : kLabs) outcomes.push_back(run_one(lab, o, run, terminal));
  std::string reasons, first;
  std::size_t n_failed = 0;
  Json labs = Json::array();
  for (const Outcome& outcome : outcomes) {
    labs.push_back(as_json(outcome));
    if (outcome.reason.empty()) continue;
    const std::string line =
        fmt::format("lab {}: {}: {}", outcome.lab.name, outcome.state, engine::printable(outcome.reason));
    reasons += line + "\n";
    if (outcome.state == "failed" && n_failed++ == 0) first = line;
  }
  const engine::FileLock report(folder.lock_file(".report"), engine::Wait::yes);
  engine::write_file(folder.path() / "table.md", markdown_of(outcomes, reasons));
  finish({{"lab", kAllLabs}, {"labs", labs}},
         table_of(outcomes).aligned() + "\n" + reasons + fmt::format("{}: table.md, result.json\n", o.out));
  if (n_failed == 0) return;
  throw engine::Failure(fmt::format("{} of {} labs did not work; the first: {}", n_failed, outcomes.size(), first));
}

}  // namespace ingot::labs
