// How a node computes on codes in the narrowest types that hold them, some rows at a time: the bits of its Evaluator,
// only faster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "compress/integer/operation.h"

namespace ingot::compress {

// The narrowest type that holds the codes of a format.
engine::CodeType code_type(const FixedPoint& format);

// Rows of an edge in memory, from row `first` on.
struct Rows {
  engine::CodeType type;
  std::int64_t size;  // codes of a row
  void* data;
  std::int64_t first = 0;

  std::int64_t row_bytes() const { return size * engine::code_bytes(type); }
  void* row(std::int64_t i) const { return static_cast<std::byte*>(data) + (i - first) * row_bytes(); }
};

// The rows [first, last) as codes, and back.
Codes load_codes(const Rows& rows, std::int64_t first, std::int64_t last);
void store_codes(const Codes& codes, const Rows& rows, std::int64_t first);

// The text that owns a row.
std::size_t text_of(Texts texts, std::int64_t row);

// What a kernel computes with.
struct KernelCall {
  Texts texts;
  std::span<const Rows> in;
  Rows out;
  std::byte* prepared = nullptr;                // what prepare() made
  std::span<const std::int64_t> prepared_at{};  // by text: where its share begins
};

class Kernel {
 public:
  virtual ~Kernel() = default;
  // The rows [first, last) of the output: rows of tokens, or a row a text. They are whole texts or lie in one. Several
  // threads may do it at a time. Throws Error for an input that the operation does not take.
  virtual void run(std::int64_t first, std::int64_t last, const KernelCall& call) const = 0;

  // What an operation that looks at whole texts makes of each before their rows, in parts that several threads may
  // make: the number of parts, the bytes of a text of n rows, a multiple of 64, and making a part.
  virtual std::int64_t n_parts() const { return 0; }
  virtual std::int64_t prepared_bytes(std::int64_t) const { return 0; }
  virtual void prepare(std::int64_t /*text*/, std::int64_t /*part*/, const KernelCall&) const {}
};

// Of an operation that takes codes one by one, of at most 16 bits: a table made by its evaluator. Null if they are
// more.
std::unique_ptr<Kernel> table_kernel(const Layer& layer);

// The node's own kernel, or that of its evaluator.
std::unique_ptr<Kernel> make_kernel(const Layer& layer);

}  // namespace ingot::compress
