// One command with one fault: what it was, what came of it, and whether that is as it must be.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/faults/calls.h"
#include "tests/faults/commands.h"
#include "tests/faults/trees.h"

namespace ingot::test {

// A fault with a name that says it again: "write 17 ENOSPC", "memory 812", "SIGINT 37".
struct Fault {
  std::string kind, detail;  // "write", "ENOSPC"
  long number = 0;
  CallFault call;
  Shot shot;
  bool is_memory = false, is_from_then_on = false;

  std::string name() const;
};

// The functions of a program, by where they lie.
class Functions {
 public:
  explicit Functions(const std::string& program);  // through nm
  std::string name(std::uint64_t address) const;

 private:
  std::map<std::uint64_t, std::string> names_;
};

struct Verdict {
  // survived; untidy: survived, with something left that is no result; refused; stopped; missed; library; FAILED
  std::string outcome;
  std::string where;  // the call
  std::string text;   // what is wrong; or the first line of standard error
};

class Campaign {
 public:
  // Runs the commands before, and the command itself twice.
  Campaign(const FaultCommand& command, const Functions& functions, const std::filesystem::path& folder);

  // All faults of this command in the order of its calls, without those of memory.
  std::vector<Fault> call_faults(bool everything) const;
  // The first allocation of each place that is not in `known`, which get in.
  std::vector<Fault> memory_faults(std::set<std::string>& known) const;
  // At moments that the seed and the number of each decide.
  std::vector<Fault> shots(int n_each, std::uint64_t seed) const;

  Verdict break_once(const Fault& fault) const;

  const std::set<std::string>& unsteady() const { return unsteady_; }
  double seconds() const { return seconds_; }

 private:
  struct Result {
    Ended ended;
    Tree tree;
    std::string out, error;
  };
  std::vector<std::string> words_of(const std::string& words, const std::string& launcher) const;
  Program program(const std::string& words, const std::string& launcher) const;
  Result run(const std::string& words, const Fault& fault, bool keeps_calls, const std::string& allocations) const;
  void begin_anew() const;
  std::string complaint(const Fault& fault, const Result& result) const;
  std::string complaint_of_end(const Fault& fault, const Result& result) const;
  std::string complaint_of_files(const Fault& fault, const Result& result) const;
  std::string complaint_of_next(const Result& result) const;
  std::string allocation_place() const;

  const FaultCommand& command_;
  const Functions& functions_;
  std::filesystem::path folder_, work_;
  Tree before_;  // the folder as the command finds it
  Tree after_;   // and as it leaves it
  std::string out_;
  std::set<std::string> unsteady_;  // files that two unbroken runs write differently
  std::vector<Call> calls_;
  mutable bool is_as_before_ = false;  // the folder where it is done
  double seconds_ = 0;
};

}  // namespace ingot::test
