// The safetensors file format (huggingface/safetensors): 8 bytes of header length (little endian), a JSON header, data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/files.h"

namespace ingot::engine {

// Limits of a file that is read, which the reference implementation does not have. Reading a header takes up to 30
// times its bytes in memory, so at most 500 MB.
inline constexpr std::uint64_t kMostHeaderBytes = 16 << 20;
inline constexpr std::size_t kMostTensors = 1 << 17;

struct SafetensorsEntry {
  std::string name;
  std::string dtype;  // as in the file: F32, I64, ...
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  // little endian, row-major; views into the file's map or the caller's memory

  std::int64_t size() const;  // number of elements
};

// Bytes of an element; 0 if there is no such dtype.
std::int64_t dtype_bytes(std::string_view dtype);

// Copies an F32, F16 or BF16 entry of the file `file` out as float32 values. Throws Error, naming both, for others.
std::vector<float> floats_of(const std::string& file, const SafetensorsEntry& entry);

// A file mapped and checked whole on opening: header length, number of tensors and JSON, known dtypes, no negative or
// overflowing shape, offsets inside the file, in order, without overlap or gap, of the size that shape and dtype ask
// for, no name twice. Throws Error naming file, tensor, rule and both values.
class Safetensors {
 public:
  explicit Safetensors(const std::filesystem::path& path);

  const std::vector<SafetensorsEntry>& entries() const { return entries_; }  // in the order of their data
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const SafetensorsEntry* find(std::string_view name) const;  // null if absent; in logarithmic time

  // The entry `name`; Error if it is missing or has another dtype (or shape, if one is given).
  const SafetensorsEntry& get(std::string_view name, std::string_view dtype) const;
  const SafetensorsEntry& get(std::string_view name, std::string_view dtype, std::span<const std::int64_t> shape) const;

  // Copies an F32, F16, BF16 (or, for integers, I64, I32, U8, BOOL) entry out as float32 or int64 values.
  std::vector<float> floats(const SafetensorsEntry& entry) const;
  std::vector<std::int64_t> integers(const SafetensorsEntry& entry) const;

 private:
  std::filesystem::path path_;
  MappedFile file_;
  std::vector<SafetensorsEntry> entries_;
  std::vector<std::uint32_t> by_name_;  // indices of entries_, their names ascending
  std::map<std::string, std::string> metadata_;
};

// Bytes of the file that write_safetensors writes.
std::int64_t safetensors_bytes(std::span<const SafetensorsEntry> entries,
                               const std::map<std::string, std::string>& metadata = {});

// Writes atomically (engine/base/files.h), tensors in the given order, header padded with spaces to 8 bytes as the
// reference implementation does. Throws Error on a name given twice or a full disk.
void write_safetensors(const std::filesystem::path& path, std::span<const SafetensorsEntry> entries,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace ingot::engine
