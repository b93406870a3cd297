// The product of a constant matrix and a vector as adders alone: W x + b of shifts, additions and subtractions.
//
// A weight is a sum of powers of two with signs, so each output is a sum of shifted inputs. Outputs have partial sums
// in common: x0 + 4 x1 of one is, shifted, in another. Such a partial sum is computed once. What is left is a graph of
// adders with two operands each.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ingot::hw {

struct Interval {
  std::int64_t lowest = 0, highest = 0;
};

// node << shift, or its negative.
struct Addend {
  int node = -1, shift = 0;  // node -1: the number 0
  bool is_negative = false;
};

// The sum of both addends. One of them is not shifted, and a is positive.
struct Adder {
  Addend a, b;
};

// W x + b as its arguments, for x of k numbers within `input`.
struct Matrix {
  std::span<const std::int32_t> weights;  // [n, k]
  std::span<const std::int64_t> bias;     // [n]
  std::size_t n, k;
  Interval input;
};

class AdderGraph {
 public:
  // Inputs and no adders.
  AdderGraph(std::size_t n_inputs, const Interval& input);

  // Nodes are the inputs, then adders and constants in the order in which they were added.
  struct Node {
    Adder adder{};              // reads nodes before it; of inputs and constants both addends are 0
    std::int64_t constant = 0;  // odd and positive; 0: none
    int level = 0;              // adders on the longest way from an input
    int width = 0;              // bits that hold all its values in two's complement

    bool is_adder() const { return adder.a.node >= 0; }
  };

  int add(const Adder& adder);          // returns the node
  Addend constant(std::int64_t value);  // adds a node for it, unless there is one or it is 0

  std::size_t n_inputs() const { return n_inputs_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& at(int node) const { return nodes_[static_cast<std::size_t>(node)]; }
  const std::vector<Addend>& outputs() const { return outputs_; }
  void add_output(const Addend& output) { outputs_.push_back(output); }

  // Makes b - a of a - b, and turns the sign wherever the node is read. False, and nothing is done, if it is no
  // difference or if an addend that must be positive could not be.
  bool turn(int node);

  // Bits that an adder adds. The lowest s of a + (b << s) and of a - (b << s) are those of a.
  int bits(const Adder& adder) const;
  std::int64_t bits() const;  // of all adders, and of outputs that are negated
  std::int64_t n_adders() const;
  int depth() const;  // the highest level of an output; to negate one is a level, too
  int level(const Addend& output) const;

  std::vector<std::int64_t> run(std::span<const std::int64_t> x) const;  // the outputs, as the adders compute them

 private:
  // What a node is of the inputs: sum of coefficients[p] x[p], and offset.
  struct Form {
    std::vector<std::int64_t> coefficients;
    std::int64_t offset = 0;
  };
  Form sum(const Adder& adder) const;
  int width(const Form& form) const;
  int width(const Adder& adder) const;

  std::size_t n_inputs_;
  Interval input_;
  std::vector<Node> nodes_;
  std::vector<Form> forms_;
  std::vector<Addend> outputs_;
};

// Adders that compute W x + b. The same for the same arguments.
AdderGraph share_sums(const Matrix& matrix);

}  // namespace ingot::hw
