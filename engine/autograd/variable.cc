#include "engine/autograd/variable.h"

#include <algorithm>
#include <atomic>
#include <iterator>

#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace ingot::engine {
namespace {

thread_local int no_gradient_depth = 0;

void add_to(const Tensor& sum, const Tensor& term) {
  float* s = sum.data();
  const float* t = term.data();
  parallel_for(sum.size(), 1 << 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) s[i] += t[i];
  });
}

// All nodes that the root's gradient reaches, by order of creation.
std::vector<std::shared_ptr<Node>> reachable(const Variable& root) {
  static std::atomic<std::uint64_t> last_visit{0};
  const std::uint64_t visit = ++last_visit;
  std::vector<std::shared_ptr<Node>> nodes{root.node()};
  root.node()->visited = visit;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const auto& input : nodes[i]->inputs) {
      if (input == nullptr || input->is_leaf() || input->visited == visit) continue;  // a leaf keeps its gradient
      input->visited = visit;
      nodes.push_back(input);
    }
  }
  std::sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a->order < b->order; });
  return nodes;
}

}  // namespace

namespace detail {

std::uint64_t next_order() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

thread_local std::int64_t shard = -1;

}  // namespace detail

Variable::Variable(Tensor value, bool requires_gradient) : node_(std::make_shared<Node>()) {
  node_->value = std::move(value);
  node_->requires_gradient = requires_gradient;
  node_->order = detail::next_order();
}

Variable make_variable(std::shared_ptr<Node> node) {
  Variable variable;
  variable.node_ = std::move(node);
  return variable;
}

void clear(Gradient& gradient) {
  if (gradient.state == GradientState::dense) gradient.state = GradientState::absent;
  if (gradient.state != GradientState::rows) return;
  const std::int64_t n = gradient.sum.columns();
  for (const std::int32_t row : gradient.touched_rows) std::fill_n(gradient.sum.data() + row * n, n, 0.0f);
  gradient.touched_rows.clear();
  gradient.state = GradientState::zero;
}

Gradient& Node::gradient() {
  return detail::shard < 0 || of_shards.empty() ? own : of_shards[static_cast<std::size_t>(detail::shard)];
}

Tensor Variable::gradient() const { return has_gradient() ? node_->gradient().sum : Tensor::zeros(shape()); }

bool Variable::has_gradient() const {
  const GradientState state = node_->gradient().state;
  return state == GradientState::rows || state == GradientState::dense;
}

const std::vector<std::int32_t>* Variable::touched_rows() const {
  const Gradient& gradient = node_->gradient();
  return gradient.state == GradientState::rows ? &gradient.touched_rows : nullptr;
}

void Variable::clear_gradient() { clear(node_->gradient()); }

Variable::Slot Variable::gradient_slot() const {
  Gradient& gradient = node_->gradient();
  const bool accumulate = has_gradient();
  if (!gradient.sum.defined()) {
    gradient.sum = Tensor::empty(shape());
  } else if (!gradient.sum.unique()) {
    gradient.sum = accumulate ? gradient.sum.clone() : Tensor::empty(shape());
  }
  gradient.touched_rows.clear();
  gradient.state = GradientState::dense;
  return {gradient.sum.data(), accumulate};
}

float* Variable::gradient_rows(std::span<const std::int32_t> rows) const {
  Gradient& gradient = node_->gradient();
  if (gradient.state == GradientState::dense) return gradient_slot().data;
  if (gradient.state == GradientState::absent || !gradient.sum.unique()) gradient.sum = Tensor::zeros(shape());
  if (gradient.touched_rows.empty()) {
    gradient.touched_rows.assign(rows.begin(), rows.end());
  } else {
    std::vector<std::int32_t> all;
    std::set_union(gradient.touched_rows.begin(), gradient.touched_rows.end(), rows.begin(), rows.end(),
                   std::back_inserter(all));
    gradient.touched_rows = std::move(all);
  }
  gradient.state = GradientState::rows;
  return gradient.sum.data();
}

void Variable::add_gradient(const Tensor& term) const {
  assert(term.size() == value().size());
  Gradient& gradient = node_->gradient();
  if (!has_gradient()) {
    gradient.sum = term;
    gradient.state = GradientState::dense;
    return;
  }
  gradient_slot();  // makes it ours to change
  add_to(gradient.sum, term);
}

void backward(const Variable& root, const Tensor& gradient, const std::vector<std::int32_t>* rows) {
  require(root.requires_gradient(), "backward: the result depends on no variable that requires a gradient");
  std::vector<std::shared_ptr<Node>> nodes = reachable(root);
  if (rows != nullptr && !root.has_gradient()) {
    root.node()->gradient() = {.sum = gradient, .state = GradientState::rows, .touched_rows = *rows};
  } else {
    root.add_gradient(gradient);
  }
  const NoGradient no_gradient;
  for (; !nodes.empty(); nodes.pop_back()) {
    Node& node = *nodes.back();
    if (node.is_leaf()) continue;  // the root
    if (node.own.state == GradientState::dense) node.backward(node.own.sum, nullptr);
    if (node.own.state == GradientState::rows) node.backward(node.own.sum, &node.own.touched_rows);
    node.own = {};
    for (auto& input : node.inputs) input.reset();
  }
}

void backward(const Variable& root) {
  require(root.value().size() == 1, "backward: the loss must be one number, got shape {}", root.shape());
  backward(root, Tensor::full(root.shape(), 1.0f));
}

NoGradient::NoGradient() { ++no_gradient_depth; }
NoGradient::~NoGradient() { --no_gradient_depth; }
bool recording() { return no_gradient_depth == 0; }

}  // namespace ingot::engine
