#include "bert/tokenizers/sentencepiece_model.h"

#include "bert/tokenizers/protocol_buffer.h"
#include "engine/io/protocol_writer.h"

namespace ingot::bert {
namespace {

using engine::ProtocolWriter;

// Field numbers of sentencepiece_model.proto.
enum ModelField : std::uint64_t { kPieces = 1, kTrainer = 2, kNormalizer = 3 };
enum PieceField : std::uint64_t { kText = 1, kScore = 2, kKind = 3 };
enum TrainerField : std::uint64_t {
  kAlgorithm = 3,
  kVocabularySize = 4,
  kSuffix = 24,
  kByteFallback = 35,
  kUnknownId = 40,
  kBeginId = 41,
  kEndId = 42,
  kPaddingId = 43,
  kUnknownPiece = 45,
  kBeginPiece = 46,
  kEndPiece = 47,
  kPaddingPiece = 48
};
enum NormalizerField : std::uint64_t { kName = 1, kCharsmap = 2, kDummyPrefix = 3, kExtraWhitespaces = 4, kEscape = 5 };

SentencePieceModel::Piece piece_of(ProtocolReader fields) {
  SentencePieceModel::Piece piece;
  for (ProtocolField field; fields.next(field);) {
    if (field.number == kText) piece.text = field.bytes;
    if (field.number == kScore) piece.score = field.as_float();
    if (field.number == kKind) piece.kind = static_cast<SentencePieceModel::Kind>(field.value);
  }
  return piece;
}

void read_trainer(ProtocolReader fields, SentencePieceModel& model) {
  for (ProtocolField field; fields.next(field);) {
    if (field.number == kAlgorithm) model.algorithm = static_cast<SentencePieceModel::Algorithm>(field.value);
    if (field.number == kSuffix) model.treat_whitespace_as_suffix = field.value != 0;
    if (field.number == kByteFallback) model.byte_fallback = field.value != 0;
    if (field.number == kUnknownPiece) model.unknown_piece = field.bytes;
    if (field.number == kBeginPiece) model.begin_piece = field.bytes;
    if (field.number == kEndPiece) model.end_piece = field.bytes;
    if (field.number == kPaddingPiece) model.padding_piece = field.bytes;
  }
}

void read_normalizer(ProtocolReader fields, SentencePieceModel& model) {
  for (ProtocolField field; fields.next(field);) {
    if (field.number == kCharsmap) model.charsmap = field.bytes;
    if (field.number == kDummyPrefix) model.add_dummy_prefix = field.value != 0;
    if (field.number == kExtraWhitespaces) model.remove_extra_whitespaces = field.value != 0;
    if (field.number == kEscape) model.escape_whitespaces = field.value != 0;
  }
}

// -1 if there is no such piece. The field is of 32 bits, sign-extended to 64 as int32 is on the wire.
std::uint64_t id_of(const SentencePieceModel& model, const std::string& text) {
  for (std::size_t i = 0; i < model.pieces.size(); ++i) {
    if (model.pieces[i].text == text) return i;
  }
  return ~std::uint64_t{0};
}

}  // namespace

SentencePieceModel parse_sentencepiece_model(std::string_view bytes, std::string_view subject) {
  SentencePieceModel model;
  ProtocolReader fields(bytes, subject);
  for (ProtocolField field; fields.next(field);) {
    if (field.number == kPieces) model.pieces.push_back(piece_of({field.bytes, subject}));
    if (field.number == kTrainer) read_trainer({field.bytes, subject}, model);
    if (field.number == kNormalizer) read_normalizer({field.bytes, subject}, model);
  }
  return model;
}

std::string to_bytes(const SentencePieceModel& model) {
  ProtocolWriter all;
  for (const SentencePieceModel::Piece& piece : model.pieces) {
    ProtocolWriter fields;
    fields.add(kText, piece.text);
    fields.add(kScore, piece.score);
    if (piece.kind != SentencePieceModel::normal) fields.add(kKind, static_cast<std::uint64_t>(piece.kind));
    all.add(kPieces, fields.bytes());
  }
  ProtocolWriter trainer;
  trainer.add(kAlgorithm, static_cast<std::uint64_t>(model.algorithm));
  trainer.add(kVocabularySize, std::uint64_t{model.pieces.size()});
  trainer.add(kSuffix, std::uint64_t{model.treat_whitespace_as_suffix});
  trainer.add(kByteFallback, std::uint64_t{model.byte_fallback});
  trainer.add(kUnknownId, id_of(model, model.unknown_piece));
  trainer.add(kBeginId, id_of(model, model.begin_piece));
  trainer.add(kEndId, id_of(model, model.end_piece));
  trainer.add(kPaddingId, id_of(model, model.padding_piece));
  trainer.add(kUnknownPiece, model.unknown_piece);
  trainer.add(kBeginPiece, model.begin_piece);
  trainer.add(kEndPiece, model.end_piece);
  trainer.add(kPaddingPiece, model.padding_piece);
  all.add(kTrainer, trainer.bytes());
  ProtocolWriter normalizer;
  normalizer.add(kName, std::string_view(model.charsmap.empty() ? "identity" : "user_defined"));
  normalizer.add(kCharsmap, model.charsmap);
  normalizer.add(kDummyPrefix, std::uint64_t{model.add_dummy_prefix});
  normalizer.add(kExtraWhitespaces, std::uint64_t{model.remove_extra_whitespaces});
  normalizer.add(kEscape, std::uint64_t{model.escape_whitespaces});
  all.add(kNormalizer, normalizer.bytes());
  return all.bytes();
}

const std::string* piece_of_several_words(const SentencePieceModel& model) {
  constexpr std::string_view kSpace = "\u2581";
  for (const SentencePieceModel::Piece& piece : model.pieces) {
    std::string_view text = piece.text;
    while (text.starts_with(kSpace)) text.remove_prefix(kSpace.size());
    if (piece.kind == SentencePieceModel::normal && text.find(kSpace) != text.npos) return &piece.text;
  }
  return nullptr;
}

}  // namespace ingot::bert
