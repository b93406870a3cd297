// Scores of each class of a classifier, for result.json and for a terminal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bert/class_scores.h"
#include "engine/io/saved.h"

namespace ingot::report {

struct ClassRow {
  std::string label;
  std::optional<double> precision, recall, f1;  // none where there is nothing to divide by
  std::int64_t support = 0, predicted = 0;      // texts that have the label, and that were given it
};

// Empty for a model without classes. Confusion: texts by truth (rows) and prediction, in the order of classes; empty
// above 100 classes, and where a text can have several.
struct ClassReport {
  std::vector<ClassRow> classes;
  std::vector<std::vector<std::int64_t>> confusion{};
};

ClassReport class_report(const bert::ClassScores& scores, const std::vector<std::string>& labels);

// In a result: classes, an object each, and confusion, which are left out if they are empty.
engine::Json as_json(const ClassReport& report);
ClassReport class_report_from_json(const engine::Saved& result);

// For a terminal: a table, the confusion of a few classes, and the classes that are never predicted. It says where rows
// are left out. Empty without classes.
std::string to_text(const ClassReport& report);

}  // namespace ingot::report
