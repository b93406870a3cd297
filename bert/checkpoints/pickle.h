// The pickle inside of a PyTorch file, read as what a state dict needs and as nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::bert {

// Limits of a pickle that is read. Reading takes up to 64 times its bytes in memory.
inline constexpr std::size_t kMostPickleBytes = 16 << 20;
inline constexpr std::size_t kMostPickledTensors = 1 << 17;

// Numbers of one type in a member of the archive.
struct PickledStorage {
  std::string_view key;    // the member's name ends with it
  std::string_view dtype;  // as safetensors spell it: F32, I64, ...
  std::int64_t n_values = 0;
};

// A view of a storage; offset and strides in elements. Nothing is checked against the storage here.
struct PickledTensor {
  std::string_view name;
  PickledStorage storage;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape, strides;
};

// The tensors of a dict by name, in its order. `pickle` must be of protocol 2 to 4 and outlive what is returned. It is
// a program for a machine that can call any function of Python; here it can name collections.OrderedDict,
// torch._utils._rebuild_tensor_v2, torch._utils._rebuild_parameter and the types of storages, which only become values
// of this reader, and nothing is executed. Throws Error naming `subject`, the byte and the rule for any other name or
// opcode, for a dict that holds something else than tensors, and for a name given twice.
std::vector<PickledTensor> read_state_dict(std::string_view pickle, const std::string& subject);

}  // namespace ingot::bert
