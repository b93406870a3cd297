// The folder of a search: journal, best.json, and what a trial that was not finished has reported.
#include "pipeline/searches/folder.h"
#include "pipeline/searches/trial.h"
#include "search/study.h"
#include "tests/fuzz/several_files.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  const pipeline::SearchFolder folder(folder_of(bytes), {.command = "search nas"});
  search::Study study({.name = folder.study_name(), .journal = folder.journal()});
  folder.earlier_result();
  search::Trial trial = study.ask();
  pipeline::TrialClock clock(trial);
  const pipeline::Reports reports(trial, clock, folder.path() / "reports.json", 1);
  study.tell(trial, {0.5});
  for (const search::TrialRecord& record : study.trials()) {
    if (record.state == search::State::complete) folder.holds_model_of(record);
  }
  folder.forget_finished(study.trials());
}

}  // namespace

Target search_folder() { return {.name = "search_folder", .read = read, .mutated = mutated_files}; }

}  // namespace ingot::fuzz
