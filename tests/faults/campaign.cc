#include "tests/faults/campaign.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "tests/support/error_text.h"
#include "tests/support/program.h"

namespace ingot::test {

namespace fs = std::filesystem;

namespace {

const char* name_of_error(int error) { return ::strerrorname_np(error); }

std::string first_line(const std::string& text) { return text.substr(0, std::min<std::size_t>(text.find('\n'), 240)); }

// "write train/x.tmp17" and "write train/x.tmp18" are the same call of two runs.
std::string steady_call(const std::string& name) {
  static const std::regex number(R"(\.tmp[0-9]+|-[A-Za-z0-9]{6}\b|[0-9a-f]{16})");
  return std::regex_replace(name, number, "");
}

// Tables that have times in them are compared without their numbers, as their columns get wider too.
std::string steady_output(const std::string& text) {
  static const std::regex number("[0-9.]+( [a-z/]+)?"), blanks("[ -]+");
  const bool has_times = contains(text, "seconds") || contains(text, "tokens/s") || contains(text, " s");
  return has_times ? std::regex_replace(std::regex_replace(text, number, "#"), blanks, " ") : text;
}

bool is_signal(const std::string& kind) { return kind.starts_with("SIG"); }

}  // namespace

std::string Fault::name() const { return fmt::format("{} {} {}", kind, number, detail); }

Functions::Functions(const std::string& program) {
  FILE* const pipe = ::popen(fmt::format("nm -C '{}' 2>/dev/null", program).c_str(), "r");
  char line[4096];
  while (pipe != nullptr && std::fgets(line, sizeof line, pipe) != nullptr) {
    char* end = nullptr;  // behind the address: a blank, a letter for the kind, a blank, the name
    const std::uint64_t address = std::strtoull(line, &end, 16);
    if (end == line + 16 && std::strlen(end) > 3) names_.emplace(address, end + 3);
  }
  if (pipe != nullptr) ::pclose(pipe);
}

std::string Functions::name(std::uint64_t address) const {
  const auto after = names_.upper_bound(address);
  return after == names_.begin() ? "" : std::prev(after)->second;
}

Campaign::Campaign(const FaultCommand& command, const Functions& functions, const fs::path& folder)
    : command_(command), functions_(functions), folder_(folder), work_(folder / "work") {
  fs::remove_all(work_);
  fs::create_directories(work_ / "temporary");
  for (const auto& [name, text] : fault_inputs()) put(work_ / name, text);
  for (const std::string& words : command.before) {
    const Result result = run(words, {}, false, "");
    if (result.ended.code != 0) throw std::runtime_error(fmt::format("ingot {}: {}", words, result.error));
  }
  before_ = tree_of(work_);
  if (!command.launcher.empty()) before_.erase("temporary/");
  std::vector<Result> runs;
  for (const bool keeps_calls : {false, true}) {
    begin_anew();
    runs.push_back(run(command.words, {}, keeps_calls, ""));
    if (runs.back().ended.code != 0)
      throw std::runtime_error(fmt::format("ingot {}: {}", command.words, runs.back().error));
  }
  after_ = std::move(runs[1].tree);
  out_ = steady_output(runs[1].out);
  calls_ = std::move(runs[1].ended.calls);
  seconds_ = runs[0].ended.seconds;
  for (const auto& [name, content] : after_) {
    const auto other = runs[0].tree.find(name);
    if (other == runs[0].tree.end()) throw std::runtime_error(name + ": only one of two unbroken runs writes it");
    if (steady(name, content) != steady(name, other->second)) unsteady_.insert(name);
  }
}

void Campaign::begin_anew() const {
  if (is_as_before_) return;
  fs::remove_all(work_);
  write_tree(before_, work_);
  fs::create_directories(work_ / "temporary");
}

std::vector<std::string> Campaign::words_of(const std::string& words, const std::string& launcher) const {
  std::vector<std::string> all;
  std::istringstream stream(launcher + " " + INGOT_BINARY + " " + words);
  for (std::string word; stream >> word;) all.push_back(word);
  return all;
}

Program Campaign::program(const std::string& words, const std::string& launcher) const {
  Program program;
  program.words = words_of(words, launcher);
  const char* path = std::getenv("PATH");
  program.environment = {fmt::format("PATH={}", path == nullptr ? "/usr/bin:/bin" : path),
                         fmt::format("XDG_CACHE_HOME={}", (work_ / "cache").string()),
                         fmt::format("TMPDIR={}", (work_ / "temporary").string()),
                         "LC_ALL=C.UTF-8",
                         "OMPI_ALLOW_RUN_AS_ROOT=1",
                         "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"};
  program.folder = work_.string();
  program.out = (folder_ / "out").string();
  program.error = (folder_ / "error").string();
  program.counted = fs::canonical(INGOT_BINARY).string();
  program.limit = seconds_ > 0 ? 20 + 10 * seconds_ : 200;
  return program;
}

// `allocations`: a file for the places of all of them.
Campaign::Result Campaign::run(const std::string& words, const Fault& fault, bool keeps_calls,
                               const std::string& allocations) const {
  Program what = program(words, command_.launcher);
  if (fault.is_memory || !allocations.empty()) {
    what.environment.push_back(fmt::format("LD_PRELOAD={}", INGOT_FAULT_SHIM));
    what.environment.push_back(fmt::format("INGOT_FAULT_LOG={}", (folder_ / "allocation").string()));
    fs::remove(folder_ / "allocation");
  }
  if (fault.is_memory) what.environment.push_back(fmt::format("INGOT_FAULT_AT={}", fault.number));
  if (fault.is_from_then_on) what.environment.push_back("INGOT_FAULT_ON=1");
  if (!allocations.empty()) what.environment.push_back("INGOT_FAULT_SITES=" + allocations);
  Result result;
  result.ended = run_supervised(what, fault.call, keeps_calls, fault.shot);
  if (fault.is_memory) result.ended.is_injected = fs::exists(folder_ / "allocation");
  result.tree = tree_of(work_);
  if (!command_.launcher.empty())  // mpirun has folders of its own there
    std::erase_if(result.tree, [](const auto& file) { return file.first.starts_with("temporary/"); });
  is_as_before_ = result.tree == before_;
  result.out = text_of_file(what.out);
  result.error = text_of_file(what.error);
  return result;
}

std::vector<Fault> Campaign::call_faults(bool everything) const {
  std::vector<Fault> faults;
  const std::span<const CallFamily> families = call_families();
  std::vector<long> numbers(families.size(), 0);
  std::map<std::string, int> met;  // of calls about the same thing, so many
  std::map<std::string, int> total;
  for (const Call& call : calls_) ++total[steady_call(call.name)];
  for (const Call& call : calls_) {
    const CallFamily& family = families[static_cast<std::size_t>(call.family)];
    const long number = ++numbers[static_cast<std::size_t>(call.family)];
    const std::string name = steady_call(call.name);
    const int nth = ++met[name];
    // Of many calls about one file the first two, one in the middle and the last say what the others do.
    if (!everything && nth > 2 && nth != total[name] && nth != total[name] / 2) continue;
    const auto add = [&](const char* detail, Break breaks, int error) {
      faults.push_back(
          {.kind = family.name, .detail = detail, .number = number, .call = {call.family, number, breaks, error}});
    };
    for (const int error : family.errors) add(name_of_error(error), Break::error, error);
    if (family.is_transfer) add("part", Break::part, 0);
    if (family.is_change) add("killed", Break::kill, 0);
    if (std::strcmp(family.name, "write") == 0) add("ENOSPC on", Break::error_from_then_on, ENOSPC);
  }
  return faults;
}

std::vector<Fault> Campaign::memory_faults(std::set<std::string>& known) const {
  const fs::path places = folder_ / "places";
  fs::remove(places);
  begin_anew();
  const Result result = run(command_.words, {}, false, places.string());
  if (result.ended.code != 0)
    throw std::runtime_error(fmt::format("{} with the shim: exit code {}, signal {}, {}", command_.name,
                                         result.ended.code, result.ended.signal, result.error));
  std::vector<Fault> faults;
  std::ifstream file(places);
  long number = 0;
  for (std::string place; file >> number >> place;) {
    if (!known.insert(place).second) continue;
    for (const bool on : {false, true})
      faults.push_back({.kind = "memory",
                        .detail = on ? "ENOMEM on" : "ENOMEM",
                        .number = number,
                        .is_memory = true,
                        .is_from_then_on = on});
  }
  return faults;
}

std::vector<Fault> Campaign::shots(int n_each, std::uint64_t seed) const {
  std::vector<Fault> faults;
  for (const auto& [name, signal] : {std::pair{"SIGKILL", SIGKILL}, std::pair{"SIGTERM", SIGTERM},
                                     std::pair{"SIGINT", SIGINT}, std::pair{"SIGSTOP", SIGSTOP}}) {
    for (int i = 0; i < n_each; ++i) {
      std::mt19937_64 random(seed * 1000 + static_cast<std::uint64_t>(i));
      const double share = std::uniform_real_distribution<double>(0, 1)(random);
      faults.push_back(
          {.kind = name, .detail = fmt::format("seed {}", seed), .number = i + 1, .shot = {signal, share * seconds_}});
    }
  }
  return faults;
}

Verdict Campaign::break_once(const Fault& fault) const {
  begin_anew();
  const Result result = run(command_.words, fault, false, "");
  Verdict verdict{.outcome = "survived", .where = result.ended.where, .text = first_line(result.error)};
  if (fault.is_memory) verdict.where = allocation_place();
  if (!result.ended.is_injected) {
    verdict.outcome = "missed";
    return verdict;
  }
  const std::string wrong = complaint(fault, result);
  if (!wrong.empty()) {
    const bool is_of_memory = fault.is_memory && verdict.where.starts_with("in ");
    const bool is_of_launcher = !command_.launcher.empty() && !contains(result.error, "ingot: ");
    // glibc ends a process that cannot note what a thread's variables need at the thread's end.
    const bool is_of_threads = contains(result.error, "libgomp: ") || contains(result.error, "Fatal glibc error: ");
    const bool is_library = is_of_memory || is_of_launcher || is_of_threads;
    verdict.outcome = is_library ? "library" : "FAILED";
    verdict.text = fmt::format("{} | exit code {}, signal {}, says '{}'", wrong, result.ended.code, result.ended.signal,
                               first_line(result.error));
  } else if (result.ended.code == 0) {
    if (!differences(after_, result.tree, unsteady_).empty()) verdict.outcome = "untidy";
  } else {
    verdict.outcome = result.ended.signal != 0 || result.ended.code == 130 ? "stopped" : "refused";
  }
  return verdict;
}

std::string Campaign::complaint(const Fault& fault, const Result& result) const {
  std::string wrong = complaint_of_end(fault, result);
  if (wrong.empty()) wrong = complaint_of_files(fault, result);
  // What is as it was before needs no proof that the command can be done in it.
  if (wrong.empty() && result.ended.code != 0 && result.tree != before_) wrong = complaint_of_next(result);
  return wrong;
}

std::string Campaign::complaint_of_end(const Fault& fault, const Result& result) const {
  const Ended& ended = result.ended;
  if (ended.is_hung) return fmt::format("did not end within {:.0f} s", program("", "").limit);
  const bool is_stopped = is_signal(fault.kind) && fault.kind != "SIGSTOP";
  const bool is_killed = fault.kind == "SIGKILL" || fault.call.breaks == Break::kill;
  if (ended.leaves_processes && !is_killed) return "left processes at work";
  if (ended.signal != 0) {
    if (is_killed && ended.signal == SIGKILL) return "";
    if (is_stopped && ended.signal == fault.shot.signal) return "";
    return "ended by a signal";
  }
  if (is_killed && !command_.launcher.empty()) return "";  // it has words and a code of its own
  if (ended.code == 0) {
    if (steady_output(result.out) != out_ && ended.where != "write standard output")
      return fmt::format("exit code 0, but standard output is '{}'", result.out);
    return "";
  }
  if (ended.code == 130 && is_stopped) return "";
  if (ended.code != 1 && ended.code != 2) return "an exit code that ingot does not have";
  if (fault.kind == "SIGSTOP") return "failed though it was only halted";
  const bool is_of_the_disk =
      fault.call.error != 0 && fault.call.error != EACCES && fault.call.error != ENOLCK && fault.kind != "look";
  if (ended.code == 2 && is_of_the_disk) return "exit code 2, though nobody but the machine is at fault";
  if (contains(result.error, "terminate called")) return "terminate";
  if (ended.where == "write standard error") return "";
  static const std::regex sentence(R"((^|\n)ingot: (.|\n)*[^ \n])");
  if (!std::regex_search(result.error, sentence)) return "no sentence on standard error";
  static const std::regex raw(R"(std::|basic_string|vector::|St[0-9]|iostream error|what\(\))");
  if (std::regex_search(result.error, raw)) return "a sentence of the standard library";
  return "";
}

std::string Campaign::complaint_of_files(const Fault& fault, const Result& result) const {
  if (command_.has_notes && result.ended.code == 0 && contains(result.error, "note: ")) return "";
  for (const auto& [name, content] : before_) {
    const auto found = result.tree.find(name);
    const auto fresh = after_.find(name);
    if (found == result.tree.end()) {
      const bool is_late = std::find(command_.late.begin(), command_.late.end(), name) != command_.late.end();
      if (fresh == after_.end() || (is_late && result.ended.code != 0)) continue;
      return fmt::format("{} was there before and is gone", name);
    }
    if (found->second == content || fresh == after_.end() || unsteady_.contains(name)) continue;
    if (steady(name, found->second) != steady(name, fresh->second))
      return fmt::format("{} was there before and is neither as it was nor new", name);
  }
  const bool ends_itself = result.ended.signal == 0;
  const bool may_leave = fault.kind == "unlink" || fault.kind == "list" || !command_.launcher.empty();
  for (const auto& [name, content] : result.tree) {
    if (ends_itself && !may_leave && is_temporary(name) && !after_.contains(name))
      return fmt::format("{} is left", name);
  }
  if (result.ended.code != 0) return "";
  // A folder for the cache that cannot be looked at is left for another one, and a lock that cannot be asked about
  // stays.
  Tree expected = after_, found = result.tree;
  if (fault.kind == "look" || fault.kind == "mkdir") {
    std::erase_if(expected, [](const auto& file) { return file.first.starts_with("cache/"); });
    std::erase_if(found, [](const auto& file) {
      return file.first.starts_with("cache/") || file.first.starts_with("temporary/");
    });
    expected["temporary/"];
    found["temporary/"];
  }
  // Cleaning up opens what it removes: what it cannot remove stays, and the work is done all the same.
  const bool cannot_clean = may_leave || fault.kind == "lock" || fault.kind == "open" || fault.kind == "look";
  if (cannot_clean) std::erase_if(found, [&](const auto& file) { return !expected.contains(file.first); });
  // A temporary folder that could not be removed for lack of memory goes with the next one beside it.
  if (fault.is_memory) std::erase_if(found, [](const auto& file) { return contains(file.first, ".new-"); });
  const std::string other = differences(expected, found, unsteady_);
  return other.empty() ? "" : fmt::format("exit code 0, but {}", other);
}

// The same command once more, in what the fault has left.
std::string Campaign::complaint_of_next(const Result&) const {
  const Result next = run(fmt::format("{} {}", command_.words, command_.again), {}, false, "");
  std::set<std::string> unsteady = unsteady_;
  unsteady.insert(command_.history.begin(), command_.history.end());
  const std::string other = differences(after_, next.tree, unsteady);
  if (next.ended.code == 0) return other.empty() ? "" : fmt::format("done again: {}", other);
  if (next.ended.code == 2 && other.empty()) return "";  // it had been done, and a second time is refused
  return fmt::format("done again: exit code {}, signal {}, '{}'{}", next.ended.code, next.ended.signal,
                     first_line(next.error), next.ended.is_hung ? ", hung" : "");
}

// Who asked for the memory that was refused: "in LIBRARY", or the innermost calls of ingot. Templates of the standard
// library lie in ingot and serve other libraries too.
std::string Campaign::allocation_place() const {
  constexpr int kMostCalls = 5;
  std::ifstream file(folder_ / "allocation");
  std::string object, offset, symbol, place;
  int n = 0;
  while (n < kMostCalls && file >> object >> offset >> symbol) {
    if (object.starts_with("libc.") || object.starts_with("libstdc++") || object.starts_with("libingot_fault"))
      continue;
    if (object != "ingot") return n > 0 ? place : "in " + object;
    if (n == 0 && functions_.name(std::stoull(offset, nullptr, 16)).starts_with("std::")) continue;
    place += (n++ > 0 ? " " : "ingot+") + offset;
  }
  return n > 0 ? place : "in libc";
}

}  // namespace ingot::test
