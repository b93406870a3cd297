#include "engine/autograd/shards.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <deque>
#include <mutex>
#include <optional>

#include "engine/autograd/rank_sums.h"
#include "engine/autograd/tree_sum.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace ingot::engine {
namespace {

bool holds_one(const Gradient& g) { return g.state == GradientState::rows || g.state == GradientState::dense; }

// The gradient of a variable from those of its shards, which are cleared.
void add_up_shards(const Variable& variable, float factor) {
  std::vector<Gradient>& shards = variable.node()->of_shards;
  std::vector<const float*> parts;
  std::vector<std::int32_t> rows;
  bool is_sparse = true;
  for (const Gradient& g : shards) {
    parts.push_back(holds_one(g) ? g.sum.data() : nullptr);
    is_sparse = is_sparse && g.state != GradientState::dense;
    rows.insert(rows.end(), g.touched_rows.begin(), g.touched_rows.end());
  }
  if (std::all_of(parts.begin(), parts.end(), [](const float* part) { return part == nullptr; })) return;
  assert(!variable.has_gradient());
  if (is_sparse) {
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    const std::int64_t n = variable.value().columns();
    float* sum = variable.gradient_rows(rows);
    parallel_for(static_cast<std::int64_t>(rows.size()), 32, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t row = rows[static_cast<std::size_t>(i)];
        add_tree(parts, row * n, (row + 1) * n, factor, sum);
      }
    });
  } else {
    float* sum = variable.gradient_slot().data;
    parallel_for(variable.value().size(), 8192,
                 [&](std::int64_t begin, std::int64_t end) { add_tree(parts, begin, end, factor, sum); });
  }
  for (Gradient& g : shards) clear(g);
}

// What is computed once for all shards.
struct Shared {
  Shared(const Node* of, const TensorTransform* by) : source(of), transform(by) {}

  const Node* source;
  const TensorTransform* transform;
  std::once_flag flag{};
  Variable value{};  // by the transform
  Variable leaf{};   // the same for the shards, whose graphs begin here; undefined without a gradient
};

}  // namespace

struct Shards::Step {
  std::vector<Variable> parameters;
  Ranks& ranks;
  std::int64_t first = 0, n = 1;  // of this rank
  RankSums rank_sums{ranks};
  std::mutex mutex{};
  std::deque<Shared> shared{};  // guarded by the mutex; in the order of their first use

  Shared& find(const Variable& x, const TensorTransform& transform) {
    const std::lock_guard lock(mutex);
    const auto found = std::find_if(shared.begin(), shared.end(), [&](const Shared& s) {
      return s.source == x.node().get() && s.transform == &transform;
    });
    return found != shared.end() ? *found : shared.emplace_back(x.node().get(), &transform);
  }

  // While it lives, this thread works on a shard of the step.
  class Working {
   public:
    Working(Step* step, std::int64_t shard) {
      current = step;
      detail::shard = shard;
    }
    ~Working() {
      current = nullptr;
      detail::shard = -1;
    }
    Working(const Working&) = delete;
    Working& operator=(const Working&) = delete;
  };
  static thread_local Step* current;  // that this thread works for; null: none
};

thread_local Shards::Step* Shards::Step::current = nullptr;

void check_shards(std::int64_t n, int n_ranks) {
  require(n_ranks == 1 || (n % n_ranks == 0 && std::has_single_bit(static_cast<std::uint64_t>(n / n_ranks))),
          "--shards: the shards of a step must be a power of two times the ranks, got {} shards and {} ranks", n,
          n_ranks);
}

Shards::Shards(std::vector<Variable> parameters, std::int64_t n, Ranks& ranks) {
  check_shards(n, ranks.size());
  const std::int64_t own = n / ranks.size();
  step_.reset(new Step{std::move(parameters), ranks, ranks.rank() * own, own});
  for (const Variable& p : step_->parameters) p.node()->of_shards.resize(static_cast<std::size_t>(own));
}

Shards::~Shards() {
  for (const Variable& p : step_->parameters) p.node()->of_shards.clear();
}

std::int64_t Shards::first() const { return step_->first; }
std::int64_t Shards::count() const { return step_->n; }

void Shards::run(const std::function<void(std::int64_t)>& body) {
  step_->shared.clear();
  const bool records = recording();
  parallel_groups(step_->n, [&](std::int64_t shard) {
    const Step::Working working(step_.get(), shard);
    std::optional<NoGradient> off;
    if (!records) off.emplace();
    body(step_->first + shard);
  });
}

void Shards::add_up(float factor) {
  const bool is_alone = step_->ranks.size() == 1;
  std::vector<Variable> sums = step_->parameters;
  for (const Shared& s : step_->shared) {
    if (s.leaf.defined()) sums.push_back(s.leaf);
  }
  for (const Variable& v : sums) add_up_shards(v, is_alone ? factor : 1);
  if (!is_alone) step_->rank_sums.add_up(sums, factor);
  for (const Shared& s : step_->shared) {
    if (s.leaf.defined() && s.leaf.has_gradient() && (is_alone || !step_->rank_sums.lacked()))
      backward(s.value, s.leaf.gradient(), s.leaf.touched_rows());
  }
  step_->shared.clear();
  if (!is_alone) step_->rank_sums.give_to_those_that_lacked(step_->parameters);
}

Variable once(const Variable& x, const TensorTransform& transform) {
  Shards::Step* const step = Shards::Step::current;
  if (step == nullptr || !x.node()->is_leaf()) return transform(x);
  Shared& shared = step->find(x, transform);
  std::call_once(shared.flag, [&] {
    shared.value = transform(x);
    if (!shared.value.requires_gradient()) return;
    shared.leaf = Variable(shared.value.value(), true);
    shared.leaf.node()->of_shards.resize(static_cast<std::size_t>(step->n));
  });
  return shared.leaf.defined() ? shared.leaf : shared.value;
}

}  // namespace ingot::engine
