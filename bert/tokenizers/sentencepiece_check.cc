#include "bert/tokenizers/sentencepiece_check.h"

#include <cmath>
#include <cstdint>

#include "bert/tokenizers/normalization_table.h"
#include "bert/tokenizers/protocol_buffer.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/base/utf8.h"

namespace ingot::bert {
namespace {

using engine::require;

// Field numbers of sentencepiece_model.proto.
constexpr std::uint64_t kModelPiece = 1, kModelTrainer = 2, kModelNormalizer = 3, kModelDenormalizer = 5;
constexpr std::uint64_t kPieceText = 1, kPieceScore = 2;
constexpr std::uint64_t kTrainerUnknownPiece = 45, kTrainerPaddingPiece = 48;  // and between them two others
constexpr std::uint64_t kNormalizerTable = 2;

void check_piece(const ProtocolField& field, std::size_t piece, std::string_view subject) {
  if (field.number == kPieceText) {
    require(field.bytes.find('\0') == std::string_view::npos, "{}: piece {} must not hold a zero byte", subject, piece);
    require(engine::find_invalid_utf8(field.bytes) == std::string_view::npos, "{}: piece {} must be UTF-8, is '{}'",
            subject, piece, engine::excerpt(field.bytes));
  } else if (field.number == kPieceScore) {
    require(std::isfinite(field.as_float()), "{}: piece {} must have a finite score, has {}", subject, piece,
            field.as_float());
  }
}

// The names of pieces for special purposes.
void check_trainer(const ProtocolField& field, std::string_view subject) {
  const bool is_name = field.number >= kTrainerUnknownPiece && field.number <= kTrainerPaddingPiece;
  require(!is_name || engine::find_invalid_utf8(field.bytes) == std::string_view::npos,
          "{}: special pieces must be UTF-8, one is '{}'", subject, engine::excerpt(field.bytes));
}

}  // namespace

void check_sentencepiece_model(std::string_view bytes, std::string_view subject) {
  ProtocolReader model(bytes, subject);
  std::size_t n_pieces = 0;
  for (ProtocolField field; model.next(field);) {
    if (!field.has_bytes) continue;
    ProtocolReader part(field.bytes, subject);
    if (field.number == kModelPiece) {
      for (ProtocolField inner; part.next(inner);) check_piece(inner, n_pieces, subject);
      ++n_pieces;
    } else if (field.number == kModelTrainer) {
      for (ProtocolField inner; part.next(inner);) check_trainer(inner, subject);
    } else if (field.number == kModelNormalizer || field.number == kModelDenormalizer) {
      for (ProtocolField inner; part.next(inner);) {
        if (inner.number == kNormalizerTable) check_normalization_table(inner.bytes, subject);
      }
    }
  }
  require(n_pieces > 0, "{}: must be a SentencePiece model, holds no pieces", subject);
}

}  // namespace ingot::bert
