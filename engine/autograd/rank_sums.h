// Gradients that several ranks have parts of.
//
// Row r of gradient i belongs to rank (i + r) mod n. Each rank sends all others what it has of their rows, adds up its
// own rows, and sends all others the sums. So each rank sends and receives 2 (n - 1) / n of the gradients, all of them
// at the same time, and of row-sparse gradients the rows alone.
#pragma once

#include <span>
#include <vector>

#include "engine/autograd/variable.h"
#include "engine/base/ranks.h"

namespace ingot::engine {

class RankSums {
 public:
  explicit RankSums(Ranks& ranks) : ranks_(ranks), written_(size()), from_(size()) {}

  // On all ranks each gradient becomes factor times the sum of all ranks' gradients, as a binary tree over the ranks. A
  // rank that had no texts may lack the last variables of others.
  void add_up(std::span<const Variable> variables, float factor);

  // After add_up: on the ranks that lacked variables then, the gradients of these become those of the first rank that
  // lacked none.
  void give_to_those_that_lacked(std::span<const Variable> variables);

  // Whether this rank lacked variables in the last add_up.
  bool lacked() const { return lacked_[static_cast<std::size_t>(ranks_.rank())]; }

 private:
  std::size_t size() const { return static_cast<std::size_t>(ranks_.size()); }

  Ranks& ranks_;
  std::vector<Bytes> written_, from_;  // kept for their memory
  std::vector<bool> lacked_;           // by rank
};

}  // namespace ingot::engine
