#include "engine/io/protocol_writer.h"

#include <bit>

#include "engine/io/little_endian.h"

namespace ingot::engine {
namespace {

enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

}  // namespace

void ProtocolWriter::add(std::uint64_t number, std::uint64_t value) {
  varint(number << 3 | kVarint);
  varint(value);
}

void ProtocolWriter::add(std::uint64_t number, float value) {
  varint(number << 3 | kFixed32);
  bytes_ += little_endian(std::bit_cast<std::uint32_t>(value));
}

void ProtocolWriter::add(std::uint64_t number, double value) {
  varint(number << 3 | kFixed64);
  bytes_ += little_endian(std::bit_cast<std::uint64_t>(value));
}

void ProtocolWriter::add(std::uint64_t number, std::string_view bytes) {
  varint(number << 3 | kBytes);
  varint(bytes.size());
  bytes_ += bytes;
}

void ProtocolWriter::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(0x80 | (value & 0x7F));
  bytes_ += static_cast<char>(value);
}

}  // namespace ingot::engine
