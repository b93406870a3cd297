// Scores of each class of a classifier, for result.json and for a terminal.
#pragma once

#include <string>
#include <vector>

#include "bert/class_scores.h"
#include "engine/io/json.h"

namespace ingot::report {

// Adds to a result: classes, with label, precision, recall, f1 (null where there is nothing to divide by), support and
// predicted of each, and confusion, texts by truth (rows) and prediction, in the order of classes. Above 100 classes,
// and where a text can have several, there is no confusion. Scores without classes add nothing.
void add_classes(engine::Json& result, const bert::ClassScores& scores, const std::vector<std::string>& labels);

// The same for a terminal: a table, the confusion of a few classes, and the classes that are never predicted. It says
// where rows are left out. Empty for a result without classes.
std::string class_report(const engine::Json& result);

}  // namespace ingot::report
