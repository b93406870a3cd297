// The commands of the campaign, on a few rows of built-in text.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ingot::test {

struct FaultCommand {
  std::string name;
  std::string words = {};                 // of ingot
  std::vector<std::string> before = {};   // commands that make what it needs, and results that it replaces
  std::string again = {};                 // words in addition when it is done again after a fault
  std::vector<std::string> history = {};  // files that remember the broken run
  std::vector<std::string> late = {};     // written when a folder has been replaced: one that is killed then lacks them
  bool has_notes = false;                 // what it cannot show it leaves out, and says so
  std::string launcher = {};              // in front of the program
  std::string needs = {};                 // a program without which it is left out
  int cost = 1;                           // about how often it takes as long as others: of so many faults one is tried
};

std::vector<FaultCommand> fault_commands();

// The files that every command finds, and what they hold.
std::vector<std::pair<std::string, std::string>> fault_inputs();

}  // namespace ingot::test
