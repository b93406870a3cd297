// The journal of a campaign, a line a fault, and the table of it.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/faults/campaign.h"

namespace ingot::test {

class Record {
 public:
  // Reads what is there; an unfinished last line counts for nothing.
  explicit Record(const std::filesystem::path& folder);

  bool has(const std::string& command, const Fault& fault) const;
  void add(const std::string& command, const Fault& fault, const Verdict& verdict);
  // table.md and table.json: faults by kind and by command, then each that is not as it must be.
  void write_tables(const std::map<std::string, std::set<std::string>>& unsteady) const;
  int n_failed() const;
  std::size_t n_tried() const { return lines_.size(); }

 private:
  struct Line {
    std::string command, kind, fault, outcome, where, text;
  };
  std::filesystem::path folder_;
  std::vector<Line> lines_;
  std::set<std::string> done_;
};

}  // namespace ingot::test
