// faults [OPTIONS]: runs commands of ingot many times, breaks each run once, and says what is not as it must be.
//
// A broken run ends by itself with exit code 0 and the unbroken run's files, or with 1 or 2 and a sentence. What was
// there before stays whole. The same command again then ends with the unbroken run's files.
//
//   --out DIR        journal.jsonl, table.md, table.json; started again it goes on there (a temporary folder)
//   --only A,B       commands whose names hold one of these
//   --without A,B    commands that are left out
//   --kinds A,B      kinds of faults: the families of calls.cc, memory, SIGKILL ...
//   --every K        each K-th fault alone (1)
//   --most N         of each command about so many
//   --number N       the faults of this number alone
//   --everything     every call, not only some of those about one file
//   --seconds S      no fault is begun later
//   --signals N      of each signal so many a command (8)
//   --seed S         of the moments of signals, and of which faults --every takes (1)
//   --keep           says where the commands work, and leaves it as the last fault did
//   --list           the faults of each command are counted, and none is tried
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>

#include "tests/faults/record.h"
#include "tests/support/temporary_folder.h"

using namespace ingot::test;
namespace fs = std::filesystem;

namespace {

struct Options {
  std::string out, only, without, kinds;
  std::size_t every = 1, most = 0;
  long number = 0;
  double seconds = 1e9;
  int n_signals = 8;
  std::uint64_t seed = 1;
  bool everything = false, list = false, keep = false;
};

Options options_of(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&]() -> std::string {
      if (++i >= argc) throw std::runtime_error(word + " needs a value");
      return argv[i];
    };
    if (word == "--everything") {
      o.everything = true;
    } else if (word == "--list") {
      o.list = true;
    } else if (word == "--keep") {
      o.keep = true;
    } else if (word == "--out") {
      o.out = value();
    } else if (word == "--only") {
      o.only = value();
    } else if (word == "--without") {
      o.without = value();
    } else if (word == "--kinds") {
      o.kinds = value();
    } else if (word == "--every") {
      o.every = std::stoul(value());
    } else if (word == "--most") {
      o.most = std::stoul(value());
    } else if (word == "--number") {
      o.number = std::stol(value());
    } else if (word == "--seconds") {
      o.seconds = std::stod(value());
    } else if (word == "--signals") {
      o.n_signals = std::stoi(value());
    } else if (word == "--seed") {
      o.seed = std::stoull(value());
    } else {
      throw std::runtime_error("no such option: " + word);
    }
  }
  return o;
}

// Whether one of the names between commas is part of it.
bool is_named(const std::string& name, const std::string& names) {
  if (names.empty()) return true;
  for (std::size_t begin = 0; begin <= names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    if (end > begin && name.find(names.substr(begin, end - begin)) != std::string::npos) return true;
    begin = end + 1;
  }
  return false;
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
  try {
    const Options options = options_of(argc, argv);
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
