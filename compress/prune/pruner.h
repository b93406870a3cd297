// Prunes weights of a model, at once or while it is trained. A pruned weight is 0 in the model, masked in its
// Compression, and stays so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bert/train/trainer.h"
#include "compress/compression.h"
#include "compress/prune/criterion.h"

namespace ingot::compress {

enum class Scope { local, global };            // each tensor alone; all tensors ranked together
Scope scope_from_name(std::string_view name);  // local, global; Error otherwise

// A criterion, or a pattern that hardware likes: of every M weights in a row of a tensor at most N stay, the largest.
struct PruneMethod {
  const Criterion* criterion = nullptr;
  std::int64_t kept = 0, group = 0;  // N and M; 0: no pattern
};
// The name of a criterion, or N:M with 1 <= N < M <= 1024; Error otherwise.
PruneMethod parse_method(std::string_view text);

struct PruneOptions {
  PruneMethod method;
  Scope scope = Scope::local;
  double sparsity = 0.5;    // share of the weights, 0 to 1; a pattern has its own, 1 - N/M
  double activations = 0;   // share of each token's inputs of every pruned Linear, at least 0 and below 1
  bool embeddings = false;  // the tables too; else every Linear alone
  std::uint64_t seed = 1;
};

// Throws Error for options out of range and for those that contradict each other.
void check(const PruneOptions& options);

class Pruner {
 public:
  // Puts masks into `compression`, which is that of the model, and attaches it. What it has pruned already stays and
  // counts; its formats stay, and so does a larger share of activations. Both outlive the pruner. Throws Error as
  // check does, and for a layer in whose rows the pattern does not fit.
  Pruner(bert::Model& model, Compression& compression, const PruneOptions& options);
  Pruner(const Pruner&) = delete;
  Pruner& operator=(const Pruner&) = delete;

  // Prunes up to `growth` (0 to 1) times the sparsities asked for, by the weights as they are now: round(sparsity n)
  // weights of each tensor, or of all together, or of each M. An optimizer forgets its moments of them, so that no
  // momentum moves them; `growth` may not fall.
  void prune(double growth, const engine::AdamW* optimizer = nullptr);

  // Shows the criterion the gradients of a step. A criterion that learns from training needs it before prune().
  void follow();

  double growth() const;
  std::int64_t n_weights() const;  // of the layers that are pruned
  std::int64_t n_pruned() const;   // of these

  // For a run that is resumed: the tensors that hold all that changes, and the call to make once they are filled.
  std::vector<bert::NamedTensor> state() const;
  void resumed();

 private:
  struct Layer {
    std::string name;
    engine::Variable weight;
    engine::Tensor scores;  // kPruned where pruned; else what the criterion keeps there
    LayerCompression* compression;
    bool is_linear;
    double input_sparsity;  // from before
  };

  void add(const std::string& name, const engine::Variable& weight, bool is_linear);
  void select(double sparsity);
  void attach_scores();

  bert::Model& model_;
  Compression& compression_;
  PruneOptions options_;
  std::vector<Layer> layers_;  // in the order of the model
  engine::Tensor growth_;      // [1]
};

// Share of the final sparsity that holds after `step` of `n_steps` steps, 1 from there on: 1 - (1 - step / n_steps)^3
// (Zhu, Gupta 2017: To Prune, or Not to Prune, equation 1, from 0).
double cubic_growth(std::int64_t step, std::int64_t n_steps);

// Lets a job prune while it trains: the sparsity grows over the first `ramp_steps` steps in at most 100 increments, is
// then fixed, and only then may the model become best/. The pruner outlives the job.
void prune_while_training(bert::Job& job, Pruner& pruner, std::int64_t ramp_steps);

}  // namespace ingot::compress
