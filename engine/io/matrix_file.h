// A matrix of floats, written row by row without knowing how many there will be.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "engine/base/files.h"

namespace ingot::engine {

enum class MatrixFormat { npy, safetensors };

// The first 128 bytes of a file with `rows` rows of `columns` floats behind them: of the numpy format 1.0 (float32, C
// order), or of a safetensors file with one tensor, `name`, F32. Little endian, both.
std::string matrix_header(MatrixFormat format, std::int64_t rows, std::int64_t columns,
                          const std::string& name = "embeddings");

// Written atomically: nothing is replaced before commit(), which puts the number of rows into the header.
class MatrixFile {
 public:
  MatrixFile(const std::filesystem::path& path, MatrixFormat format, std::int64_t columns);

  // Whole rows, one after another.
  void write(std::span<const float> values);
  void commit();

 private:
  AtomicFile file_;
  MatrixFormat format_;
  std::int64_t columns_, n_rows_ = 0;
};

}  // namespace ingot::engine
