// Both formats name the number of rows in front of them. Their headers may be padded with blanks, so both get the same
// size, which any number fits, and are written again at the end.
#include "engine/io/matrix_file.h"

#include <cassert>

#include "engine/base/error.h"

namespace ingot::engine {
namespace {

constexpr std::size_t kHeaderBytes = 128;

std::string little_endian(std::uint64_t value, std::size_t n_bytes) {
  std::string bytes;
  for (std::size_t i = 0; i < n_bytes; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

}  // namespace

std::string matrix_header(MatrixFormat format, std::int64_t rows, std::int64_t columns, const std::string& name) {
  std::string header;
  if (format == MatrixFormat::npy) {
    header = "\x93NUMPY\x01" + std::string(1, '\0') + little_endian(kHeaderBytes - 10, 2);
    header += fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
    header.resize(kHeaderBytes - 1, ' ');
    header += '\n';
  } else {
    header = little_endian(kHeaderBytes - 8, 8);
    header += fmt::format(R"({{"{}":{{"dtype":"F32","shape":[{},{}],"data_offsets":[0,{}]}}}})", name, rows, columns,
                          rows * columns * 4);
    header.resize(kHeaderBytes, ' ');
  }
  assert(header.size() == kHeaderBytes);
  return header;
}

MatrixFile::MatrixFile(const std::filesystem::path& path, MatrixFormat format, std::int64_t columns)
    : file_(path), format_(format), columns_(columns) {
  file_.write(matrix_header(format_, 0, columns_));
}

void MatrixFile::write(std::span<const float> values) {
  assert(static_cast<std::int64_t>(values.size()) % columns_ == 0);
  file_.write(values.data(), values.size_bytes());
  n_rows_ += static_cast<std::int64_t>(values.size()) / columns_;
}

void MatrixFile::commit() {
  file_.rewrite_start(matrix_header(format_, n_rows_, columns_));
  file_.commit();
}

}  // namespace ingot::engine
