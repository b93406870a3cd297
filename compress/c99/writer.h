// Collects the parts of a C program: constants, functions and what the operations of a graph become.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compress/integer/graph.h"

namespace ingot::compress {

struct C99Type {
  const char* name;        // int8_t
  const char* short_name;  // s8: in names of functions
  int bytes;
};

// The narrowest type with these numbers, of 64 bits at most.
C99Type c99_type(std::int64_t lowest, std::int64_t highest);
C99Type c99_type(const FixedPoint& format);

struct C99Array {
  std::string name;
  C99Type type;
};

// Codes of weights, several in a byte if they are narrow. Rows begin at whole elements.
struct C99Codes {
  C99Array array;
  std::string read;         // the function that gives code i of a row
  std::string kind;         // s8, s16, or the bits of a code: in names of functions
  std::int64_t stride = 0;  // elements of a row
};

// Functions that round: x / 2^shift, the same among the codes, of 32 bits, and x / divisor among the codes.
enum class C99Rounding { shift, requantize, requantize_short, divide };

class C99Writer {
 public:
  using Words = std::vector<std::pair<std::string, std::string>>;

  // A constant array of the narrowest type; an equal one that is there already is taken instead.
  C99Array array(const std::string& name, std::span<const std::int64_t> values);
  template <class Integer>
  C99Array array(const std::string& name, const std::vector<Integer>& values) {
    const std::vector<std::int64_t> wide(values.begin(), values.end());
    return array(name, std::span<const std::int64_t>(wide));
  }
  // Rows of `columns` codes.
  C99Codes codes(const std::string& name, const std::vector<std::int32_t>& codes, std::int64_t columns);

  // The function with this text, unless it is there already. In the text $NAME stands for the name, and the other words
  // for what `words` says.
  std::string function(const std::string& name, const char* text, Words words = {});
  std::string rounding_function(C99Rounding what, engine::Rounding rounding);

  const std::string& constants() const { return constants_; }
  const std::string& functions() const { return functions_; }
  std::int64_t constant_bytes() const { return constant_bytes_; }

 private:
  C99Array constant(const std::string& name, const C99Type& type, std::span<const std::int64_t> values);

  std::string constants_, functions_;
  std::int64_t constant_bytes_ = 0;
  std::map<std::string, C99Array> by_content_;
  std::set<std::string> names_;  // of functions
};

// The functions of an operation's C, by name of the operation.
struct C99Call {
  C99Writer& writer;
  Layer layer;
  std::vector<std::string> in, out;  // pointers to rows
  std::vector<C99Type> in_types, out_types;
  std::string scores;  // a row for attention
};

// The statements that compute the node for one row. Throws Error for an operation without a form in C.
std::string c99_statement(const C99Call& call);

}  // namespace ingot::compress
