// The labels of texts in the numbering of a model that may call them by other names.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bert/tokenizers/token_cache.h"

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

// A part of a corpus with its answers in the model's numbering. It points into the part it was made of.
class RenumberedPart {
 public:
  // `names`: of the corpus. Numbers are matched by the names of their columns; a single one needs no name. Throws Error
  // as map_labels does, and if a number that the model learned is missing.
  RenumberedPart(const bert::TokenPart& part, data::Answers answers, const std::vector<std::string>& names,
                 const std::vector<std::string>& model);
  RenumberedPart(RenumberedPart&&) = default;

  const bert::TokenPart& part() const { return part_; }
  const std::string& note() const { return note_; }  // LabelMap::note

 private:
  std::vector<std::int32_t> labels_, tags_;
  std::vector<float> numbers_;
  bert::TokenPart part_;
  std::string note_;
};

}  // namespace ingot::pipeline
