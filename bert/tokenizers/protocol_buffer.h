// Reads the wire format of protocol buffers (protobuf.dev/programming-guides/encoding), as far as SentencePiece models
// need it; engine/io/protocol_writer.h writes it.
#pragma once

#include <cstdint>
#include <string_view>

namespace ingot::bert {

struct ProtocolField {
  std::uint64_t number = 0;
  bool has_bytes = false;   // a string, bytes or a message
  std::string_view bytes;   // of those
  std::uint64_t value = 0;  // of the others: an integer, or the bits of a float

  float as_float() const;
};

// Reads the fields of one message. Throws Error, beginning with `subject`, where the bytes are no such message.
class ProtocolReader {
 public:
  ProtocolReader(std::string_view message, std::string_view subject) : rest_(message), subject_(subject) {}
  bool next(ProtocolField& field);  // false at the end

 private:
  std::uint64_t varint();
  std::string_view take(std::uint64_t n_bytes);

  std::string_view rest_;
  std::string_view subject_;
};

}  // namespace ingot::bert
