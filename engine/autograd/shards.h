// Steps in shards. The texts of a step are cut into a fixed number of shards, each with a graph of its own, and the
// gradients of the shards are added in a fixed order: shards 2 i and 2 i + 1 first, then pairs of those sums, and so
// on. So the bits of a step depend on the number of shards, and not on how many threads, or processes, share them.
//
// Ranks share them too: each has a run of 2^k shards, whose sum is a node of that tree (engine/autograd/rank_sums.h).
//
// Few of the operations of a small model are large enough to occupy many threads. Shards go through the whole model
// side by side and meet once a step.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/autograd/variable.h"
#include "engine/base/ranks.h"

namespace ingot::engine {

// A differentiable change of a tensor.
using TensorTransform = std::function<Variable(const Variable&)>;

// Throws Error unless ranks can share the n shards of a step: n must be a power of two times the ranks.
void check_shards(std::int64_t n, int n_ranks);

class Shards {
 public:
  // Of a step whose gradients go to these parameters, leaves that require gradients. 1 <= n. Throws Error as
  // check_shards does. The ranks outlive the shards.
  Shards(std::vector<Variable> parameters, std::int64_t n, Ranks& ranks = engine::ranks());
  ~Shards();
  Shards(const Shards&) = delete;
  Shards& operator=(const Shards&) = delete;

  // Calls body(shard) for each shard of this rank, on groups of threads side by side (parallel_groups). Inside,
  // gradients of the parameters are those of the shard.
  void run(const std::function<void(std::int64_t shard)>& body);

  // Adds factor times the sum of all shards' gradients to those of the parameters, which must be clear.
  void add_up(float factor);

  // The shards of this rank.
  std::int64_t first() const;
  std::int64_t count() const;

 private:
  friend Variable once(const Variable& x, const TensorTransform& transform);
  struct Step;
  std::unique_ptr<Step> step_;
};

// transform(x) of a parameter x. Inside of Shards::run it is computed once for all shards of the step, and
// differentiated once, with the sum of their gradients. The transform must live until then.
Variable once(const Variable& x, const TensorTransform& transform);

}  // namespace ingot::engine
