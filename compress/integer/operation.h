// Operations of the integer graph: one file each in ops/, and one row in ops/list.cc. A row holds all that is said of
// an operation in integers; hw/modules/ adds what it is in hardware.
#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compress/integer/fields.h"
#include "compress/integer/graph.h"

namespace ingot::compress {

using Codes = std::vector<std::int32_t>;

// Where texts begin among rows: [n_texts + 1], ascending from 0. Most operations take each row by itself; attention,
// for one, looks at all rows of a text.
using Texts = std::span<const std::int32_t>;

// Computes a node by plain loops: this defines its bits.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  // `in`: codes [n, size] of each input edge, within their formats. Returns those of each output edge: as many rows, or
  // one a text.
  virtual std::vector<Codes> run(std::span<const Codes* const> in, Texts texts) = 0;
  virtual void reset() {}  // as the reset of hardware: generators begin again
};

// An evaluator of one input and one output.
class RowEvaluator : public Evaluator {
 public:
  std::vector<Codes> run(std::span<const Codes* const> in, Texts) final { return {row(*in[0])}; }
  virtual Codes row(const Codes& x) = 0;
};

class Kernel;        // kernel.h
class ModelWeights;  // model_weights.h

// What a model file that a user wrote says of a node: operations read their own words of it.
struct Description {
  const std::string& name;
  const Edge& input;
  Edge& output;  // the format is read; an operation sets the size
  ModelWeights& weights;
};

// A tensor of a node's data that was trained.
struct Parameter {
  std::string name;  // weight, bias
  std::vector<std::int64_t> shape;
  int width = 0;  // of its codes; 0: as wide as the sums that it is added to
  int lowest_frac_bits = 0, highest_frac_bits = 0;
  std::int64_t n_zeros = 0;  // codes that are 0, where they save work
};

// What an operation looks at to give a row.
enum class Scope {
  row,      // the same row of its inputs, which may be rows of tokens or of texts
  text,     // all rows of the text
  summary,  // all rows of the text, for which it gives one
};

struct OperationKind {
  std::string_view name;  // the type in JSON and in model files

  // Throws Error, which begins with `where`, unless the node's data and edges fit: formats, sizes, and every sum within
  // 62 bits. `where` names graph and node.
  void (*check)(const std::string& where, const Layer& layer);

  // The node's data as members of a JSON object, and back. `layer` has its edges, but no data yet.
  void (*write)(const Layer& layer, engine::Json& object);
  std::any (*read)(Fields& fields, const Layer& layer);

  // The node's data from a model file. Null: model files cannot have such a node.
  std::any (*describe)(const OperationKind& kind, Fields& fields, const Description& description) = nullptr;

  std::unique_ptr<Evaluator> (*evaluator)(const Layer& layer) = nullptr;

  // The same bits, only faster. Null, or gives null: the node has none.
  std::unique_ptr<Kernel> (*kernel)(const Layer& layer) = nullptr;

  std::size_t n_inputs = 1, n_outputs = 1;  // edges of a node
  Scope scope = Scope::row;
  bool draws = false;  // numbers, one after another: its rows must come in their order

  // The node's trained tensors. Null: it has none.
  std::vector<Parameter> (*parameters)(const Layer& layer) = nullptr;
};

std::vector<Parameter> parameters(const Layer& layer);

std::span<const OperationKind* const> operations();
std::string operation_names();                               // "linear, relu, ..."
const OperationKind* find_operation(std::string_view name);  // null if there is none
const OperationKind& operation(std::string_view name);       // throws Error listing the names

// For operations that give as many codes as they take. Throws Error.
void check_elementwise(const std::string& where, const Layer& layer);
// For operations on signed codes that also keep the format of their input. Throws Error.
void check_keeps_format(const std::string& where, const Layer& layer);

}  // namespace ingot::compress
