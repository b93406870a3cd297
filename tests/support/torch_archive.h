// Files as torch.save writes them, and files that lie: zip archives and pickles from their parts.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/crc32.h"
#include "engine/io/safetensors.h"

namespace ingot::test {

struct ZipMember {
  std::string name, bytes;
  std::uint16_t method = 0, flags = 0;
  std::int64_t size_lie = 0;  // added to the size in the directory
  std::int64_t offset = -1;   // where the directory says it begins; -1: where it does
  std::string extra;          // what the directory has more
};

template <class T>
std::string little(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

inline std::string zip_of(const std::vector<ZipMember>& members, const std::string& comment = "") {
  using U16 = std::uint16_t;
  using U32 = std::uint32_t;
  std::string file, directory;
  for (const ZipMember& member : members) {
    const std::int64_t offset = member.offset < 0 ? static_cast<std::int64_t>(file.size()) : member.offset;
    const auto size = static_cast<U32>(static_cast<std::int64_t>(member.bytes.size()) + member.size_lie);
    const std::string start = little<U16>(20) + little(member.flags) + little(member.method) + little<U32>(0) +
                              little<U32>(data::crc32(member.bytes));
    const auto length = static_cast<U16>(member.name.size());
    const auto stored = static_cast<U32>(member.bytes.size());
    file += "PK\x03\x04" + start + little(stored) + little(stored) + little(length) + little<U16>(0) + member.name +
            member.bytes;
    directory += "PK\x01\x02" + little<U16>(20) + start + little(size) + little(size) + little(length) +
                 little(static_cast<U16>(member.extra.size())) + little<U16>(0) + little<U16>(0) + little<U16>(0) +
                 little<U32>(0) + little(static_cast<U32>(offset)) + member.name + member.extra;
  }
  const auto n = static_cast<U16>(members.size());
  return file + directory + "PK\x05\x06" + little<U16>(0) + little<U16>(0) + little(n) + little(n) +
         little(static_cast<U32>(directory.size())) + little(static_cast<U32>(file.size())) +
         little(static_cast<U16>(comment.size())) + comment;
}

// Pieces of a pickle.
inline std::string pickled(std::string_view text) {
  return "X" + little(static_cast<std::uint32_t>(text.size())) + std::string(text);
}
inline std::string pickled(std::int64_t integer) { return std::string("\x8a\x08") + little(integer); }
inline std::string pickled(const std::vector<std::int64_t>& integers) {
  std::string text = "(";
  for (const std::int64_t integer : integers) text += pickled(integer);
  return text + "t";
}

struct PickledView {
  std::string storage = "FloatStorage", key = "0";
  std::int64_t n_values = 0, offset = 0;
  std::vector<std::int64_t> shape, strides;
};

// A tensor on the stack.
inline std::string pickled(const PickledView& view) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + pickled("storage") + "ctorch\n" + view.storage + "\n" +
         pickled(view.key) + pickled("cpu") + pickled(view.n_values) + "tQ" + pickled(view.offset) +
         pickled(view.shape) + pickled(view.strides) + "\x89}tR";
}

inline std::string pickled_dict(const std::string& items) { return "\x80\x02}" + items + "."; }

// The whole file.
inline std::string torch_file_of(const std::string& pickle, const std::vector<std::string>& storages) {
  std::vector<ZipMember> members{{"m/data.pkl", pickle}, {"m/byteorder", "little"}, {"m/version", "3\n"}};
  for (const std::string& storage : storages)
    members.push_back({"m/data/" + std::to_string(members.size() - 3), storage});
  return zip_of(members);
}

// The F32 tensors as torch.save stores them.
inline std::string torch_file_of(std::span<const engine::SafetensorsEntry> entries) {
  std::string items;
  std::vector<std::string> storages;
  for (const engine::SafetensorsEntry& entry : entries) {
    std::vector<std::int64_t> strides(entry.shape.size(), 1);
    for (std::size_t d = strides.size(); d-- > 1;) strides[d - 1] = strides[d] * entry.shape[d];
    items +=
        pickled(entry.name) +
        pickled(PickledView{"FloatStorage", std::to_string(storages.size()), entry.size(), 0, entry.shape, strides}) +
        "s";
    storages.emplace_back(reinterpret_cast<const char*>(entry.bytes.data()), entry.bytes.size());
  }
  return torch_file_of(pickled_dict(items), storages);
}

}  // namespace ingot::test
