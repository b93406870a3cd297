// faults [OPTIONS]: runs commands of ingot many times, breaks each run once, and says what is not as it must be.
//
// A broken run ends by itself with exit code 0 and the unbroken run's files, or with 1 or 2 and a sentence. What was
// there before stays whole. The same command again then ends with the unbroken run's files.
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/faults/record.h"
#include "tests/support/temporary_folder.h"

using namespace ingot::test;
namespace fs = std::filesystem;

namespace {

struct Options {
  std::string out;
  std::vector<std::string> only, without, kinds;
  std::size_t every = 1, most = 0;
  long number = 0;
  double seconds = 1e9;
  int n_signals = 8;
  std::uint64_t seed = 1;
  bool everything = false, list = false, keep = false;
};

void add_options(CLI::App& app, Options& o) {
  app.add_option("--out", o.out, "journal.jsonl, table.md, table.json; started again it goes on there");
  app.add_option("--only", o.only, "commands whose names hold one of these")->delimiter(',');
  app.add_option("--without", o.without, "commands that are left out")->delimiter(',');
  app.add_option("--kinds", o.kinds, "kinds of faults: the families of calls.cc, memory, SIGKILL ...")->delimiter(',');
  app.add_option("--every", o.every, "each K-th fault alone")->check(CLI::PositiveNumber);
  app.add_option("--most", o.most, "of each command about so many");
  app.add_option("--number", o.number, "the faults of this number alone");
  app.add_flag("--everything", o.everything, "every call, not only some of those about one file");
  app.add_option("--seconds", o.seconds, "no fault is begun later");
  app.add_option("--signals", o.n_signals, "of each signal so many a command");
  app.add_option("--seed", o.seed, "of the moments of signals, and of which faults --every takes");
  app.add_flag("--keep", o.keep, "says where the commands work, and leaves it as the last fault did");
  app.add_flag("--list", o.list, "the faults of each command are counted, and none is tried");
}

// Whether one of the names is part of it, or there are none.
bool is_named(const std::string& name, const std::vector<std::string>& names) {
  return names.empty() ||
         std::ranges::any_of(names, [&](const std::string& part) { return name.find(part) != name.npos; });
}

bool is_installed(const std::string& program) {
  return program.empty() || std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

class Trials {
 public:
  Trials(const Options& options, const fs::path& folder) : o_(options), record_(folder) {}

  void run(const FaultCommand& command) {
    if (!is_installed(command.needs)) {
      fmt::print("MESSAGE: {} is skipped: {} is missing\n", command.name, command.needs);
      return;
    }
    if (age() > o_.seconds) return;
    auto place = std::make_unique<TemporaryFolder>();
    const Campaign campaign(command, functions_, place->path());
    unsteady_[command.name] = campaign.unsteady();
    const std::vector<Fault> faults = faults_of(campaign, command);
    fmt::print("{}: {:.2f} s unbroken, {} faults\n", command.name, campaign.seconds(), faults.size());
    std::fflush(stdout);
    if (o_.list) return;
    for (const Fault& fault : faults) {
      if (age() > o_.seconds) break;
      if (record_.has(command.name, fault)) continue;
      const Verdict verdict = campaign.break_once(fault);
      record_.add(command.name, fault, verdict);
      if (verdict.outcome == "FAILED")
        fmt::print("FAILED: {}, {} ({}): {}\n", command.name, fault.name(), verdict.where, verdict.text);
    }
    record_.write_tables(unsteady_);
    if (o_.keep) fmt::print("kept: {}\n", place.release()->path().string());
  }

  int finish() const {
    const int n_failed = record_.n_failed();
    fmt::print("{} faults, {} failed\n", record_.n_tried(), n_failed);
    return n_failed == 0 ? 0 : 1;
  }

 private:
  double age() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

  std::vector<Fault> faults_of(const Campaign& campaign, const FaultCommand& command) {
    std::vector<Fault> all = campaign.call_faults(o_.everything), chosen;
    const std::vector<Fault> shots = campaign.shots(o_.n_signals, o_.seed);
    all.insert(all.end(), shots.begin(), shots.end());
    if (is_named("memory", o_.kinds)) {
      const std::vector<Fault> memory = campaign.memory_faults(places_);
      all.insert(all.end(), memory.begin(), memory.end());
    }
    std::vector<Fault> named;
    for (Fault& fault : all) {
      if (is_named(fault.kind, o_.kinds) && (o_.number == 0 || fault.number == o_.number))
        named.push_back(std::move(fault));
    }
    std::size_t every = o_.every * static_cast<std::size_t>(command.cost);
    if (o_.most != 0) every = std::max(every, named.size() / o_.most * static_cast<std::size_t>(command.cost));
    for (std::size_t i = o_.seed % every; i < named.size(); i += every) chosen.push_back(std::move(named[i]));
    return chosen;
  }

  const Options& o_;
  Record record_;
  Functions functions_{INGOT_BINARY};
  std::set<std::string> places_;  // that asked for memory
  std::map<std::string, std::set<std::string>> unsteady_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Runs commands of ingot many times, breaks each run once, and says what is not as it must be."};
  add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    std::optional<TemporaryFolder> temporary;
    if (options.out.empty()) temporary.emplace();
    Trials trials(options, options.out.empty() ? temporary->path() : fs::path(options.out));
    for (const FaultCommand& command : fault_commands()) {
      const bool is_left_out = !options.without.empty() && is_named(command.name, options.without);
      if (is_named(command.name, options.only) && !is_left_out) trials.run(command);
    }
    return trials.finish();
  } catch (const std::exception& error) {
    fmt::print(stderr, "faults: {}\n", error.what());
    return 2;
  }
}
