#include "compress/onnx/graph.h"

#include <fmt/format.h>

#include <cassert>

#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::ProtocolWriter;
using Type = OnnxGraph::Type;

// Fields and values of onnx.proto, by its names.
namespace field {
enum Model : std::uint64_t {
  ir_version = 1,
  producer_name = 2,
  producer_version = 3,
  model_doc_string = 6,
  graph = 7,
  opset_import = 8,
  metadata_props = 14
};
enum Operators : std::uint64_t { domain = 1, version = 2 };
enum Entry : std::uint64_t { key = 1, value = 2 };
enum Graph : std::uint64_t { node = 1, graph_name = 2, initializer = 5, graph_input = 11, graph_output = 12 };
enum Node : std::uint64_t { input = 1, output = 2, node_name = 3, op_type = 4, attribute = 5 };
enum Attribute : std::uint64_t { attribute_name = 1, f = 2, i = 3, ints = 8, attribute_type = 20 };
enum AttributeType : std::uint64_t { is_float = 1, is_int = 2, are_ints = 7 };
enum Tensor : std::uint64_t { dims = 1, data_type = 2, tensor_name = 8, raw_data = 9 };
enum ValueInfo : std::uint64_t { info_name = 1, type = 2 };
enum TypeProto : std::uint64_t { tensor_type = 1 };
enum TensorType : std::uint64_t { elem_type = 1, shape = 2 };
enum Shape : std::uint64_t { dim = 1 };
enum Dimension : std::uint64_t { dim_value = 1, dim_param = 2 };
}  // namespace field

constexpr std::uint64_t kIrVersion = 8, kOpset = 17;

std::uint64_t number(Type type) {
  switch (type) {
    case Type::float32:
      return 1;
    case Type::uint8:
      return 2;
    case Type::int8:
      return 3;
    case Type::int64:
      return 7;
  }
  __builtin_unreachable();
}

// Little-endian, as ONNX wants it and x86 has it.
template <class T>
std::string_view raw_bytes(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

std::string value_info(const std::string& name, Type type, const OnnxGraph::Dims& dims) {
  ProtocolWriter shape, tensor, kind, info;
  for (const auto& dim : dims) {
    ProtocolWriter one;
    if (const auto* size = std::get_if<std::int64_t>(&dim)) {
      one.add(field::dim_value, static_cast<std::uint64_t>(*size));
    } else {
      one.add(field::dim_param, std::string_view(std::get<const char*>(dim)));
    }
    shape.add(field::dim, one.bytes());
  }
  tensor.add(field::elem_type, number(type));
  tensor.add(field::shape, shape.bytes());
  kind.add(field::tensor_type, tensor.bytes());
  info.add(field::info_name, name);
  info.add(field::type, kind.bytes());
  return info.bytes();
}

std::string attribute_message(const OnnxGraph::Attribute& attribute) {
  ProtocolWriter to;
  to.add(field::attribute_name, std::string_view(attribute.first));
  if (const auto* integer = std::get_if<std::int64_t>(&attribute.second)) {
    to.add(field::i, static_cast<std::uint64_t>(*integer));
    to.add(field::attribute_type, std::uint64_t{field::is_int});
  } else if (const auto* real = std::get_if<float>(&attribute.second)) {
    to.add(field::f, *real);
    to.add(field::attribute_type, std::uint64_t{field::is_float});
  } else {
    for (const std::int64_t i : std::get<std::vector<std::int64_t>>(attribute.second))
      to.add(field::ints, static_cast<std::uint64_t>(i));
    to.add(field::attribute_type, std::uint64_t{field::are_ints});
  }
  return to.bytes();
}

}  // namespace

OnnxGraph::OnnxGraph(std::string_view producer_version, std::int64_t most_bytes) : most_bytes_(most_bytes) {
  model_.add(field::ir_version, kIrVersion);
  model_.add(field::producer_name, std::string_view("ingot"));
  model_.add(field::producer_version, producer_version);
  ProtocolWriter operators;
  operators.add(field::domain, std::string_view());
  operators.add(field::version, kOpset);
  model_.add(field::opset_import, operators.bytes());
  graph_.add(field::graph_name, std::string_view("bert"));
}

OnnxGraph::Value OnnxGraph::input(const std::string& name, Type type, const Dims& dims) {
  [[maybe_unused]] const bool is_new = names_.insert(name).second;
  assert(is_new);
  graph_.add(field::graph_input, value_info(name, type, dims));
  return name;
}

void OnnxGraph::output(const Value& value, const std::string& name, const Dims& dims) {
  add("Identity", name, {value});
  graph_.add(field::graph_output, value_info(name, Type::float32, dims));
}

OnnxGraph::Value OnnxGraph::add_node(const char* operation, const std::string& name,
                                     std::initializer_list<Value> inputs, std::initializer_list<Value> outputs,
                                     std::initializer_list<Attribute> attributes) {
  ProtocolWriter node;
  for (const Value& value : inputs) node.add(field::input, value);
  for (const Value& value : outputs) {
    [[maybe_unused]] const bool is_new = names_.insert(value).second;
    assert(is_new);
    node.add(field::output, value);
  }
  node.add(field::node_name, name);
  node.add(field::op_type, std::string_view(operation));
  for (const Attribute& attribute : attributes) node.add(field::attribute, attribute_message(attribute));
  graph_.add(field::node, node.bytes());
  ++n_nodes_;
  return name;
}

OnnxGraph::Value OnnxGraph::add(const char* operation, const std::string& name, std::initializer_list<Value> inputs,
                                std::initializer_list<Attribute> attributes) {
  return add_node(operation, name, inputs, {name}, attributes);
}

std::pair<OnnxGraph::Value, OnnxGraph::Value> OnnxGraph::add_pair(const char* operation, const std::string& name,
                                                                  std::initializer_list<Value> inputs) {
  const std::string second = name + ".places";
  add_node(operation, name, inputs, {name, second}, {});
  return {name, second};
}

OnnxGraph::Value OnnxGraph::add_tensor(const std::string& name, const std::vector<std::int64_t>& dims, Type type,
                                       std::string_view raw) {
  if (!names_.insert(name).second) return name;  // a number that many nodes read
  const std::int64_t n_bytes = std::ssize(graph_.bytes()) + std::ssize(raw);
  engine::require(n_bytes <= most_bytes_, "onnx: the model needs more than {} bytes, the most that one file may have",
                  most_bytes_);
  ProtocolWriter tensor;
  for (const std::int64_t dim : dims) tensor.add(field::dims, static_cast<std::uint64_t>(dim));
  tensor.add(field::data_type, number(type));
  tensor.add(field::tensor_name, name);
  tensor.add(field::raw_data, raw);
  graph_.add(field::initializer, tensor.bytes());
  return name;
}

OnnxGraph::Value OnnxGraph::floats(const std::string& name, const std::vector<std::int64_t>& dims,
                                   std::span<const float> values) {
  return add_tensor(name, dims, Type::float32, raw_bytes(values));
}

OnnxGraph::Value OnnxGraph::int64s(const std::string& name, std::span<const std::int64_t> values) {
  return add_tensor(name, {std::ssize(values)}, Type::int64, raw_bytes(values));
}

OnnxGraph::Value OnnxGraph::codes(const std::string& name, const std::vector<std::int64_t>& dims, Type type,
                                  std::span<const std::int64_t> values) {
  assert(type == Type::int8 || type == Type::uint8);
  std::string raw(values.size(), '\0');
  for (std::size_t i = 0; i < values.size(); ++i) raw[i] = static_cast<char>(values[i]);
  return add_tensor(name, dims, type, raw);
}

OnnxGraph::Value OnnxGraph::scalar(float value) {
  return add_tensor(fmt::format("number.{}", value), {}, Type::float32, raw_bytes(std::span<const float>(&value, 1)));
}

OnnxGraph::Value OnnxGraph::zero_point(Type type) {
  return add_tensor(type == Type::int8 ? "zero_point.int8" : "zero_point.uint8", {}, type, std::string(1, '\0'));
}

void OnnxGraph::describe(const std::string& text) { model_.add(field::model_doc_string, text); }

void OnnxGraph::metadata(const std::string& key, const std::string& text) {
  ProtocolWriter entry;
  entry.add(field::key, key);
  entry.add(field::value, text);
  model_.add(field::metadata_props, entry.bytes());
}

std::string OnnxGraph::bytes() const {
  ProtocolWriter whole = model_;
  whole.add(field::graph, graph_.bytes());
  engine::require(std::ssize(whole.bytes()) <= most_bytes_,
                  "onnx: the model needs {} bytes, more than the {} that one file may have", std::ssize(whole.bytes()),
                  most_bytes_);
  return whole.bytes();
}

}  // namespace ingot::compress
