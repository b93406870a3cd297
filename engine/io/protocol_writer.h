// Writes the wire format of protocol buffers (protobuf.dev/programming-guides/encoding).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ingot::engine {

// Appends fields to a message.
class ProtocolWriter {
 public:
  void add(std::uint64_t number, std::uint64_t value);
  void add(std::uint64_t number, float value);
  void add(std::uint64_t number, double value);
  void add(std::uint64_t number, std::string_view bytes);
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value);
  std::string bytes_;
};

}  // namespace ingot::engine
