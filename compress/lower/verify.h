// Compares a model in integers with the fake-quantised model, batch by batch.
#pragma once

#include <string>
#include <vector>

#include "compress/lower/integer_model.h"

namespace ingot::compress {

struct Comparison {
  std::string name;
  std::int64_t n_values = 0, n_different = 0;  // bits
};

// Compares the output of every Linear in integers, and the logits, with those of the model with exact sums
// (exact_model), the two run side by side from the embeddings on.
class IntegerVerifier {
 public:
  IntegerVerifier(const bert::Model& model, const IntegerProgram& program);
  IntegerVerifier(const IntegerVerifier&) = delete;  // observed by reference

  // `logits` are what an IntegerModel gave for this batch.
  void check(const bert::Input& input, const engine::Tensor& logits);

  const std::vector<Comparison>& layers() const { return layers_; }  // in the order of the program
  const Comparison& logits() const { return logits_; }

 private:
  Comparison& layer(const std::string& name);

  bert::Model exact_;
  std::vector<Comparison> layers_;
  Comparison logits_{"logits"};
  std::map<std::string, engine::Tensor> expected_;  // of the batch
  IntegerModel integers_;
};

}  // namespace ingot::compress
