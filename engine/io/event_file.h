// The files that TensorBoard reads: records of TFRecord, of which each holds an Event of protobuf.
//
// A record is its length (8 bytes), the masked checksum of these (4), its bytes, and their masked checksum (4); numbers
// are little-endian. The first event names the version of the format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ingot::engine {

// CRC-32C (RFC 3720, appendix B.4: Castagnoli's polynomial, reflected).
std::uint32_t crc32c(std::string_view bytes);

struct Scalar {
  std::string tag;  // "train/loss": what is before the slash is the group under which TensorBoard shows it
  float value = 0;
};

// Bytes of events. `wall_time`: seconds since 1970.
std::string version_event(double wall_time);
std::string scalars_event(double wall_time, std::int64_t step, std::span<const Scalar> scalars);

// The wall_time of an event, and what it holds beside that: of events of the two functions above.
struct DatedEvent {
  double wall_time = 0;
  std::string_view content;
};
DatedEvent dated(std::string_view event);

// An event as a record.
std::string record(std::string_view event);

// The event of the first record of `bytes`, with the size of the record; none if that is cut short or damaged.
struct Record {
  std::string_view event;
  std::size_t n_bytes = 0;  // 0: none
};
Record first_record(std::string_view bytes);

}  // namespace ingot::engine
