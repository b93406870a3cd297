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

// The first of these rules that finds every label of the data another one of the model: the same name; the same but for
// case and blanks around it, or for LABEL_ before a number (Hugging Face's default names); numbers as places in the
// model's order, if the model's own names are no numbers; false and true (no and yes ...) for 0 and 1. The data may
// lack some of the model's labels. Throws Error if no rule does, if LABEL_n is not place n of the model, and if places
// and booleans disagree.
LabelMap map_labels(const std::vector<std::string>& data, const std::vector<std::string>& model);

// Labels of the data as the model's.
std::vector<std::int32_t> renumbered(std::span<const std::int32_t> labels, const LabelMap& map);

}  // namespace ingot::pipeline
