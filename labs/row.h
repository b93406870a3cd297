// A row of a lab: commands that a user could type, and bounds that their result must meet.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/io/json.h"
#include "labs/row_result.h"

namespace ingot::labs {

// A bound that a row must meet: on its test accuracy, the bytes of its packed model, or its average bits.
struct Asked {
  double accuracy = 0;             // at least this, or, with `than`, at least that row's accuracy plus this
  std::string than;                // a row or a choice
  std::int64_t at_most_bytes = 0;  // other than 0: the bound is this one
  double below_bits = 0;           // other than 0: the bound is on the average bits of a parameter
};

struct Row {
  std::string name;   // of its folder, and for other rows and --rows
  std::string title;  // in the table

  // Typed one after the other. Stand-ins: {data}, {seed}, {from} as the lab was given them; {here} the row's own
  // folder; {plan} the row's TOML file; {ROW} the folder of another row, which must then be done before this one;
  // {CHOICE} the folder of the row that was chosen and {CHOICE.value} its value.
  std::vector<std::string> commands;

  std::string plan{};      // text of a TOML file that the commands read as {plan}: a quantisation plan, or layers
  bool is_given = false;   // its model is the one that the lab was given, not one in its folder
  bool is_shared = false;  // its last command is a search, which several processes may work on at the same time

  std::string series{};               // of the figure; empty: not in it
  std::optional<double> x{};          // place in the figure; a series without is a horizontal line
  std::optional<double> reference{};  // accuracy that the reference implementation has
  std::vector<Asked> asked{};
  // Rows of the same ranking are ranked by test accuracy, under these names. Of models that were not trained with their
  // formats it ends with ", PTQ": their flipped labels are drawn.
  std::string ranking{}, ranked_as{};

  // Makes the row's result of what its commands gave by --json, in their order. Null: the result is the result.json in
  // the row's folder, which has an accuracy.
  engine::Json (*assemble)(std::span<const engine::Json> results) = nullptr;

  // Rows with the same choice compete: the one with the best validation accuracy is chosen, the first one among equals.
  std::string choice{}, value{};
};

// Names of the rows whose folders or values the row's commands need.
std::vector<std::string> needs(const Row& row, std::span<const Row> rows);

// The row of that name, or the one chosen among those with that choice once all of them are done; else null. A row
// without a validation accuracy cannot be chosen.
const Row* resolve(const std::string& name, std::span<const Row> rows, const Results& results);

// The words of a command, after its stand-ins have been replaced by `values`, which has all of them.
std::vector<std::string> words_of(const std::string& command, const std::map<std::string, std::string>& values);

// The parts in {...} of a command, in order.
std::vector<std::string> stand_ins(const std::string& command);

// The row or choice that a stand-in names: without ".value", if it ends so.
std::string named_by(const std::string& stand_in);

// A bound in words, and whether the measured rows meet it; nothing until they are measured.
struct Verdict {
  std::string text;
  std::optional<bool> met;
};
Verdict judge(const Asked& asked, const Row& row, std::span<const Row> rows, const Results& results);

}  // namespace ingot::labs
