// Vectors of texts, written to files as they are computed.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/io/json.h"
#include "pipeline/data.h"
#include "pipeline/predictor.h"

namespace ingot::pipeline {

// A file of vectors, a row for each text: .npy, .safetensors (the tensor `embeddings`) or .jsonl (objects with text and
// embedding). Nothing is replaced before commit().
class VectorFile {
 public:
  virtual ~VectorFile() = default;
  virtual void add(const std::string& text, std::span<const float> vector) = 0;
  virtual void commit() = 0;
};

// Throws Error, as an option --out would, for another extension.
std::unique_ptr<VectorFile> make_vector_file(const std::string& path, std::int64_t size);

// A line of .jsonl, without its end.
engine::Json embedding_json(const std::string& text, std::span<const float> vector);

// The vectors of all rows of a table. Throws Error for a table of pairs, and naming file and line for a row that cannot
// be used. Calls flush() after some rows. Returns the number of rows.
std::int64_t embed_table(const DataOptions& options, Predictor& predictor, VectorFile& out,
                         const std::function<void()>& flush = {});

}  // namespace ingot::pipeline
