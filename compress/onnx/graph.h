// A graph of ONNX (opset 17, IR version 8), written operation by operation.
//
// Its messages are written with engine/io/protocol_writer.h: Debian's libsentencepiece exports a protobuf
// of its own, older than libprotobuf, and a process with both dies before main(). Tests read every file with libonnx,
// in a program without SentencePiece.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/io/protocol_writer.h"

namespace ingot::compress {

// The most bytes that one file of protobuf may have.
inline constexpr std::int64_t kMostOnnxBytes = (std::int64_t{1} << 31) - 1;

class OnnxGraph {
 public:
  using Value = std::string;  // the name of a tensor in the graph
  using Attribute = std::pair<const char*, std::variant<std::int64_t, float, std::vector<std::int64_t>>>;
  using Dims = std::vector<std::variant<std::int64_t, const char*>>;  // a size, or the name of one that inputs decide
  enum class Type { float32, int64, int8, uint8 };                    // of elements

  explicit OnnxGraph(std::string_view producer_version, std::int64_t most_bytes = kMostOnnxBytes);

  Value input(const std::string& name, Type type, const Dims& dims);
  // A tensor of the graph under the name of an output.
  void output(const Value& value, const std::string& name, const Dims& dims);  // float32

  // The result of an operation; the node and its result have this name. A name is used once.
  Value add(const char* operation, const std::string& name, std::initializer_list<Value> inputs,
            std::initializer_list<Attribute> attributes = {});

  // The two results of an operation: one of its name, and one of its name with ".places".
  std::pair<Value, Value> add_pair(const char* operation, const std::string& name, std::initializer_list<Value> inputs);

  // Tensors of the file, row-major. Throws Error if the file would have more bytes than it may.
  Value floats(const std::string& name, const std::vector<std::int64_t>& dims, std::span<const float> values);
  Value int64s(const std::string& name, std::span<const std::int64_t> values);  // of one dimension
  // Codes within the range of the type, int8 or uint8.
  Value codes(const std::string& name, const std::vector<std::int64_t>& dims, Type type,
              std::span<const std::int64_t> values);
  // A number without dimensions; the same number is one tensor.
  Value scalar(float value);
  Value zero_point(Type type);  // int8 or uint8

  void describe(const std::string& text);  // the doc_string
  void metadata(const std::string& key, const std::string& text);

  // The file: the same graph gives the same bytes. Throws Error as floats() does.
  std::string bytes() const;
  std::int64_t n_nodes() const { return n_nodes_; }

 private:
  Value add_node(const char* operation, const std::string& name, std::initializer_list<Value> inputs,
                 std::initializer_list<Value> outputs, std::initializer_list<Attribute> attributes);
  Value add_tensor(const std::string& name, const std::vector<std::int64_t>& dims, Type type, std::string_view raw);

  engine::ProtocolWriter model_, graph_;
  std::int64_t most_bytes_, n_nodes_ = 0;
  std::set<std::string> names_;
};

}  // namespace ingot::compress
