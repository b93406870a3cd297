// Reverse-mode automatic differentiation. An operation computes its value and records how to send the gradient of its
// output back to its inputs; backward() runs these records in reverse order, freeing each as it goes.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/tensor/tensor.h"

namespace ingot::engine {

class Variable;

// What the gradient buffer of a node holds.
enum class GradientState {
  absent,  // no gradient; the contents are arbitrary
  zero,    // no gradient; the contents are zeros
  rows,    // zeros except in the rows listed in touched_rows
  dense,
};

struct Gradient {
  Tensor sum;
  GradientState state = GradientState::absent;
  std::vector<std::int32_t> touched_rows;  // sorted, only for state rows
};

void clear(Gradient& gradient);  // before the next step; the buffer is kept

struct Node {
  static constexpr std::size_t kMaxInputs = 6;

  Tensor value;
  Gradient own;
  std::vector<Gradient> of_shards;  // of a parameter whose gradients come in shards (engine/autograd/shards.h)
  bool requires_gradient = false;
  std::uint64_t order = 0;    // of creation: inputs come before outputs
  std::uint64_t visited = 0;  // the backward() that has seen this node; not of leaves, which several may see at once
  std::array<std::shared_ptr<Node>, kMaxInputs> inputs;

  bool is_leaf() const { return inputs[0] == nullptr; }
  // Where gradients go at this moment: to the shard that this thread works on, if they come in shards.
  Gradient& gradient();

  virtual ~Node() = default;
  // Adds to the gradients of the inputs, then frees what the forward pass saved. A gradient that is unique() may be
  // overwritten. `rows`: the rows that may differ from 0 if the gradient is row-sparse; else null.
  virtual void backward(const Tensor& gradient, const std::vector<std::int32_t>* rows) { (void)gradient, (void)rows; }
};

// A value in the graph; copies are handles to the same node.
class Variable {
 public:
  Variable() = default;
  explicit Variable(Tensor value, bool requires_gradient = false);

  bool defined() const { return node_ != nullptr; }
  const Tensor& value() const { return node_->value; }
  const Shape& shape() const { return node_->value.shape(); }
  bool requires_gradient() const { return node_ != nullptr && node_->requires_gradient; }

  // The gradient after backward(); all zeros where the loss does not depend on this variable.
  Tensor gradient() const;
  bool has_gradient() const;
  // Rows that may differ from 0 when the gradient is row-sparse; empty pointer when it is dense.
  const std::vector<std::int32_t>* touched_rows() const;
  void clear_gradient();  // before the next step; the buffer is kept

  // For operations: where to write the gradient of this variable. With accumulate, the operation adds to the sum in
  // data; otherwise it overwrites all of data.
  struct Slot {
    float* data;
    bool accumulate;
  };
  Slot gradient_slot() const;
  // The same for an operation whose gradient is 0 except in `rows` (ascending, each once). The operation always adds.
  float* gradient_rows(std::span<const std::int32_t> rows) const;
  void add_gradient(const Tensor& gradient) const;

  const std::shared_ptr<Node>& node() const { return node_; }

 private:
  friend Variable make_variable(std::shared_ptr<Node> node);
  std::shared_ptr<Node> node_;
};

Variable make_variable(std::shared_ptr<Node> node);

// Runs the graph backward from a scalar: afterwards gradient() of every variable that requires one holds (or has added)
// d root / d variable. The graph is used up.
void backward(const Variable& root);
// The same from any variable, given the gradient of something with respect to it. `rows`: ascending, those that may
// differ from 0; null: all.
void backward(const Variable& root, const Tensor& gradient, const std::vector<std::int32_t>* rows = nullptr);

// While an object of this class lives, operations of this thread record no graph, as under torch.no_grad().
class NoGradient {
 public:
  NoGradient();
  ~NoGradient();
  NoGradient(const NoGradient&) = delete;
  NoGradient& operator=(const NoGradient&) = delete;
};
bool recording();

namespace detail {

std::uint64_t next_order();

// The shard that this thread works on; -1: none.
extern thread_local std::int64_t shard;

template <class Backward>
struct OperationNode final : Node {
  explicit OperationNode(Backward backward) : backward_(std::move(backward)) {}
  void backward(const Tensor& gradient, const std::vector<std::int32_t>* rows) override {
    if constexpr (std::is_invocable_v<Backward, const Tensor&, const std::vector<std::int32_t>*>) {
      (*backward_)(gradient, rows);
    } else {
      (*backward_)(gradient);
    }
    backward_.reset();
  }
  std::optional<Backward> backward_;
};

}  // namespace detail

// The result of an operation: `backward(d_value)` must add to the gradients of those inputs that require one; as
// `backward(d_value, rows)` it learns which rows a row-sparse gradient has (Node::backward). It is kept only if
// recording() and an input requires a gradient; inputs may be undefined variables (absent operands).
template <class Backward>
Variable record(Tensor value, std::initializer_list<Variable> inputs, Backward backward) {
  bool needed = false;
  for (const Variable& input : inputs) needed |= input.requires_gradient();
  if (!recording() || !needed) return Variable(std::move(value));
  using Operation = detail::OperationNode<Backward>;
  auto node = std::make_shared<Operation>(std::move(backward));
  node->value = std::move(value);
  node->requires_gradient = true;
  node->order = detail::next_order();
  assert(inputs.size() <= Node::kMaxInputs);
  std::size_t i = 0;
  for (const Variable& input : inputs) {
    if (input.requires_gradient()) node->inputs[i++] = input.node();
  }
  return make_variable(std::move(node));
}

}  // namespace ingot::engine
