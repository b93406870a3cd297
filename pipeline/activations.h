// The texts of --data that an emitted folder keeps.
#pragma once

#include <memory>

#include "bert/train/classification.h"
#include "pipeline/classifier.h"
#include "pipeline/emit.h"

namespace ingot::pipeline {

// As many examples as --activations says, spread evenly over the test part, or what is labelled where there is none.
class Activations {
 public:
  // Throws Error if --data is missing or has fewer.
  Activations(const EmitOptions& o, const Classifier& c);

  const bert::Subset& subset() const { return subset_; }

 private:
  std::string name_;  // of the data
  bert::TokenCorpus corpus_;
  bert::Subset subset_;
};

}  // namespace ingot::pipeline
