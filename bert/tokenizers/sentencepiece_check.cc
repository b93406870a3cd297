#include "bert/tokenizers/sentencepiece_check.h"

#include <cstdint>
#include <cstring>

#include "engine/base/error.h"

namespace ingot::bert {
namespace {

using engine::require;

// Field numbers of sentencepiece_model.proto.
constexpr std::uint64_t kModelPiece = 1, kModelNormalizer = 3, kModelDenormalizer = 5;
constexpr std::uint64_t kPieceText = 1;
constexpr std::uint64_t kNormalizerTable = 2;

struct Field {
  std::uint64_t number = 0;
  bool has_bytes = false;
  std::string_view bytes;
};

// Reads the fields of one protocol-buffer message.
class FieldReader {
 public:
  FieldReader(std::string_view message, std::string_view subject) : rest_(message), subject_(subject) {}

  bool next(Field& field) {
    if (rest_.empty()) return false;
    const std::uint64_t tag = varint();
    field = {.number = tag >> 3, .has_bytes = false, .bytes = {}};
    switch (tag & 7) {
      case 0:
        varint();
        break;
      case 1:
        take(8);
        break;
      case 2:
        field.bytes = take(varint());
        field.has_bytes = true;
        break;
      case 5:
        take(4);
        break;
      default:
        require(false, "{}: must be a SentencePiece model, is no protocol buffer", subject_);
    }
    return true;
  }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    engine::fail("{}: must be a SentencePiece model, is no protocol buffer", subject_);
  }

  std::string_view take(std::uint64_t n_bytes) {
    require(n_bytes <= rest_.size(), "{}: must be a SentencePiece model, is no protocol buffer or cut short", subject_);
    const std::string_view taken = rest_.substr(0, n_bytes);
    rest_.remove_prefix(n_bytes);
    return taken;
  }

  std::string_view rest_;
  std::string_view subject_;
};

std::uint32_t word_at(std::string_view bytes, std::size_t i) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data() + 4 * i, sizeof word);
  return word;
}

// The table: size of a trie in bytes, the trie (a double array of darts-clone), replacements that end with a zero byte
// each. A unit's children lie at (its index ^ its offset ^ next byte of the text); its value, at byte 0, is a position
// in the replacements.
void check_normalization(std::string_view table, std::string_view subject) {
  if (table.empty()) return;
  const std::uint32_t n_trie_bytes = table.size() >= 4 ? word_at(table, 0) : 0;
  require(n_trie_bytes > 0 && n_trie_bytes % 4 == 0 && n_trie_bytes < table.size() - 4 && table.back() == '\0',
          "{}: normalisation table is damaged: {} bytes with a trie of {}", subject, table.size(), n_trie_bytes);
  const std::string_view trie = table.substr(4, n_trie_bytes);
  const std::size_t n_replacement_bytes = table.size() - 4 - n_trie_bytes;
  const std::size_t n_units = n_trie_bytes / 4;
  for (std::size_t i = 0; i < n_units; ++i) {
    const std::uint32_t unit = word_at(trie, i);
    if (unit >> 31 != 0) continue;  // a value
    const std::size_t children = i ^ (unit >> 10 << ((unit & 1u << 9) >> 6));
    const bool has_value = (unit >> 8 & 1) != 0;
    const bool inside =
        (children | 0xFF) < n_units && (!has_value || (word_at(trie, children) & 0x7FFFFFFFu) < n_replacement_bytes);
    require(inside, "{}: normalisation table is damaged: unit {} of {} points outside", subject, i, n_units);
  }
}

}  // namespace

void check_sentencepiece_model(std::string_view bytes, std::string_view subject) {
  FieldReader model(bytes, subject);
  std::size_t n_pieces = 0;
  for (Field field; model.next(field);) {
    if (!field.has_bytes) continue;
    FieldReader part(field.bytes, subject);
    if (field.number == kModelPiece) {
      for (Field inner; part.next(inner);) {
        require(inner.number != kPieceText || inner.bytes.find('\0') == std::string_view::npos,
                "{}: piece {} must not hold a zero byte", subject, n_pieces);
      }
      ++n_pieces;
    } else if (field.number == kModelNormalizer || field.number == kModelDenormalizer) {
      for (Field inner; part.next(inner);) {
        if (inner.number == kNormalizerTable) check_normalization(inner.bytes, subject);
      }
    }
  }
  require(n_pieces > 0, "{}: must be a SentencePiece model, holds no pieces", subject);
}

}  // namespace ingot::bert
