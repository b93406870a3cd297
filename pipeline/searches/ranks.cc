#include "pipeline/searches/ranks.h"

#include <unistd.h>

#include <array>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;

namespace {

std::string host() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace

void SearchRanks::check_jobs(int n_jobs) const {
  engine::require(size() == 1 || n_jobs <= 1, "--jobs {}: {} started {} processes, each of which runs one trial",
                  n_jobs, engine::launcher(), size());
}

void SearchRanks::begin(const fs::path& journal) {
  if (!is_first() || size() == 1) return;
  const std::string file = journal.filename().string();
  engine::from_first(*ranks_, file);
  // It names the process that began the study, so no other journal begins the same way.
  engine::from_first(*ranks_, file.empty() ? "" : engine::first_line(journal));
}

void SearchRanks::await_begin(const fs::path& out) {
  engine::set_quiet(true);
  const std::string file = engine::from_first(*ranks_, ""), line = engine::from_first(*ranks_, "");
  if (file.empty()) return;
  engine::require(engine::first_line(out / file) == line,
                  "--out {}: on {} it is not the folder in which the first rank began the search; give one on a disk "
                  "that all ranks share, or a server by --storage",
                  out.string(), host());
}

void SearchRanks::end() {
  engine::to_first(*ranks_, "");
  if (!is_first()) throw engine::Ended();
}

}  // namespace ingot::pipeline
