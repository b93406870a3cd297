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
      if (input == nullptr || input->visited == visit) continue;
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

Tensor Variable::gradient() const { return has_gradient() ? node_->gradient : Tensor::zeros(shape()); }

void Variable::clear_gradient() {
  if (node_->state == GradientState::dense) node_->state = GradientState::absent;
  if (node_->state != GradientState::rows) return;
  const std::int64_t n_columns = node_->gradient.columns();
  for (const std::int32_t row : node_->touched_rows)
    std::fill_n(node_->gradient.data() + row * n_columns, n_columns, 0.0f);
  node_->touched_rows.clear();
  node_->state = GradientState::zero;
}

Variable::Slot Variable::gradient_slot() const {
  const bool accumulate = has_gradient();
  if (!node_->gradient.defined()) {
    node_->gradient = Tensor::empty(shape());
  } else if (!node_->gradient.unique()) {
    node_->gradient = accumulate ? node_->gradient.clone() : Tensor::empty(shape());
  }
  node_->touched_rows.clear();
  node_->state = GradientState::dense;
  return {node_->gradient.data(), accumulate};
}

float* Variable::gradient_rows(std::span<const std::int32_t> rows) const {
  Node& node = *node_;
  if (node.state == GradientState::dense) return gradient_slot().data;
  if (node.state == GradientState::absent || !node.gradient.unique()) node.gradient = Tensor::zeros(shape());
  if (node.touched_rows.empty()) {
    node.touched_rows.assign(rows.begin(), rows.end());
  } else {
    std::vector<std::int32_t> all;
    std::set_union(node.touched_rows.begin(), node.touched_rows.end(), rows.begin(), rows.end(),
                   std::back_inserter(all));
    node.touched_rows = std::move(all);
  }
  node.state = GradientState::rows;
  return node.gradient.data();
}

void Variable::add_gradient(const Tensor& gradient) const {
  assert(gradient.size() == value().size());
  if (!has_gradient()) {
    node_->gradient = gradient;
    node_->state = GradientState::dense;
    return;
  }
  gradient_slot();  // makes it ours to change
  add_to(node_->gradient, gradient);
}

void backward(const Variable& root, const Tensor& gradient) {
  require(root.requires_gradient(), "backward: the result depends on no variable that requires a gradient");
  std::vector<std::shared_ptr<Node>> nodes = reachable(root);
  root.add_gradient(gradient);
  const NoGradient no_gradient;
  for (; !nodes.empty(); nodes.pop_back()) {
    Node& node = *nodes.back();
    if (node.inputs[0] == nullptr) continue;  // a leaf keeps its gradient
    if (node.state == GradientState::dense) node.backward(node.gradient, nullptr);
    if (node.state == GradientState::rows) node.backward(node.gradient, &node.touched_rows);
    node.gradient = Tensor();
    node.state = GradientState::absent;
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
