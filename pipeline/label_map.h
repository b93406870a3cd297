// The labels of texts in the numbering of a model that may call them by other names.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ingot::pipeline {

struct LabelMap {
  std::vector<std::int32_t> numbers;  // for each label of the data, its index among the model's
  std::string note;                   // how they were matched; empty if they are the model's own names
};

// Maps each label of the data to a label of the model, no two to the same one, by the first rule that fits all:
// 1. the same name;
// 2. the same name but for case and blanks around it, or for LABEL_ before a number (Hugging Face's default names);
// 3. a number that is a place in the model's order, if the model's own names are no numbers;
// 4. false and true (no and yes ...) for 0 and 1.
// The data may lack some of the model's labels. Throws Error if no rule fits, if LABEL_n is not place n of the model,
// and if rules 3 and 4 disagree.
LabelMap map_labels(const std::vector<std::string>& data, const std::vector<std::string>& model);

// Labels of the data as the model's.
std::vector<std::int32_t> renumbered(std::span<const std::int32_t> labels, const LabelMap& map);

}  // namespace ingot::pipeline
