#include "bert/tokenizers/protocol_buffer.h"

#include <bit>

#include "engine/base/error.h"

namespace ingot::bert {
namespace {

using engine::require;

enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

float ProtocolField::as_float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(value)); }

bool ProtocolReader::next(ProtocolField& field) {
  if (rest_.empty()) return false;
  const std::uint64_t tag = varint();
  field = {.number = tag >> 3, .has_bytes = false, .bytes = {}, .value = 0};
  switch (tag & 7) {
    case kVarint:
      field.value = varint();
      break;
    case kFixed64:
      field.value = little_endian(take(8));
      break;
    case kBytes:
      field.bytes = take(varint());
      field.has_bytes = true;
      break;
    case kFixed32:
      field.value = little_endian(take(4));
      break;
    default:
      require(false, "{}: must be a SentencePiece model, is no protocol buffer", subject_);
  }
  return true;
}

std::uint64_t ProtocolReader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    value |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  engine::fail("{}: must be a SentencePiece model, is no protocol buffer", subject_);
}

std::string_view ProtocolReader::take(std::uint64_t n_bytes) {
  require(n_bytes <= rest_.size(), "{}: must be a SentencePiece model, is no protocol buffer or cut short", subject_);
  const std::string_view taken = rest_.substr(0, n_bytes);
  rest_.remove_prefix(n_bytes);
  return taken;
}

}  // namespace ingot::bert
