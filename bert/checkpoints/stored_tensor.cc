#include "bert/checkpoints/stored_tensor.h"

#include <cstring>

namespace ingot::bert {
namespace {

// The elements one after the other, the last dimension fastest.
std::vector<std::byte> gathered(const StoredTensor& tensor, std::size_t n_bytes) {
  const std::vector<std::int64_t>& shape = tensor.entry.shape;
  const auto n = static_cast<std::size_t>(tensor.entry.size());
  std::vector<std::byte> packed(n * n_bytes);
  std::vector<std::int64_t> index(shape.size());
  std::int64_t at = 0;
  for (std::size_t i = 0; i < n; ++i) {
    std::memcpy(packed.data() + i * n_bytes, tensor.entry.bytes.data() + static_cast<std::size_t>(at) * n_bytes,
                n_bytes);
    for (std::size_t d = shape.size(); d-- > 0;) {
      at += tensor.strides[d];
      if (++index[d] < shape[d]) break;
      at -= tensor.strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return packed;
}

}  // namespace

std::vector<float> floats_of(const StoredTensor& tensor) {
  if (tensor.strides.empty()) return engine::floats_of(*tensor.file, tensor.entry);
  const std::vector<std::byte> packed =
      gathered(tensor, static_cast<std::size_t>(engine::dtype_bytes(tensor.entry.dtype)));
  engine::SafetensorsEntry entry = tensor.entry;
  entry.bytes = packed;
  return engine::floats_of(*tensor.file, entry);
}

}  // namespace ingot::bert
