#include "engine/io/event_file.h"

#include <array>
#include <bit>

#include "engine/io/little_endian.h"
#include "engine/io/protocol_writer.h"

namespace ingot::engine {
namespace {

// Numbers of fields, from tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.
constexpr std::uint64_t kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5;
constexpr std::uint64_t kSummaryValue = 1, kTag = 1, kSimpleValue = 2;

constexpr std::size_t kDateBytes = 1 + sizeof(double);  // the key of kWallTime and its value, first in each event
constexpr std::size_t kHeadBytes = 12, kFootBytes = 4;  // of a record

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
    table[byte] = crc;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kTable = make_table();

// A checksum over bytes that hold checksums of the same kind says little: hence the mask.
std::uint32_t masked_crc(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xA282EAD8u; }

ProtocolWriter event_of(double wall_time) {
  ProtocolWriter event;
  event.add(kWallTime, wall_time);
  return event;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~crc;
}

std::string version_event(double wall_time) {
  ProtocolWriter event = event_of(wall_time);
  event.add(kFileVersion, std::string_view("brain.Event:2"));
  return event.bytes();
}

std::string scalars_event(double wall_time, std::int64_t step, std::span<const Scalar> scalars) {
  ProtocolWriter summary;
  for (const Scalar& scalar : scalars) {
    ProtocolWriter value;
    value.add(kTag, std::string_view(scalar.tag));
    value.add(kSimpleValue, scalar.value);
    summary.add(kSummaryValue, std::string_view(value.bytes()));
  }
  ProtocolWriter event = event_of(wall_time);
  event.add(kStep, static_cast<std::uint64_t>(step));
  event.add(kSummary, std::string_view(summary.bytes()));
  return event.bytes();
}

DatedEvent dated(std::string_view event) {
  if (event.size() < kDateBytes) return {};
  return {std::bit_cast<double>(from_little_endian<std::uint64_t>(event.substr(1))), event.substr(kDateBytes)};
}

std::string record(std::string_view event) {
  const std::string length = little_endian(std::uint64_t{event.size()});
  return length + little_endian(masked_crc(length)) + std::string(event) + little_endian(masked_crc(event));
}

Record first_record(std::string_view bytes) {
  if (bytes.size() < kHeadBytes + kFootBytes) return {};
  const std::string_view length = bytes.substr(0, sizeof(std::uint64_t));
  const auto n = from_little_endian<std::uint64_t>(length);
  if (from_little_endian<std::uint32_t>(bytes.substr(length.size())) != masked_crc(length)) return {};
  if (n > bytes.size() - kHeadBytes - kFootBytes) return {};
  const std::string_view event = bytes.substr(kHeadBytes, n);
  if (from_little_endian<std::uint32_t>(bytes.substr(kHeadBytes + n)) != masked_crc(event)) return {};
  return {event, kHeadBytes + n + kFootBytes};
}

}  // namespace ingot::engine
