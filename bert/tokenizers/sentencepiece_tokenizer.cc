#include "bert/tokenizers/sentencepiece_tokenizer.h"

#include <utility>

#include "bert/tokenizers/sentencepiece_check.h"
#include "engine/base/error.h"
#include "engine/base/utf8.h"

namespace ingot::bert {

using engine::fail;
using engine::require;

namespace {

// SentencePiece needs time in the square of a run of characters that it does not know: 16 KiB take 20 ms, 1 MB a
// minute.
constexpr std::size_t kLongestWord = 16384;  // bytes

// Bytes of `text` to be encoded at once: all of it, unless it holds a word longer than kLongestWord or is longer than
// kMostTextBytes itself.
std::size_t first_part(std::string_view text) {
  std::size_t word = 0;  // where the current word begins
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i >= kMostTextBytes && word > 0) return word;
    if (text[i] == ' ' || (text[i] >= '\t' && text[i] <= '\r')) word = i + 1;
    const bool begins_character = (text[i] & 0xC0) != 0x80;
    if (i - word >= kLongestWord && i > word && begins_character) return i;
  }
  return text.size();
}

}  // namespace

SentencePieceTokenizer::SentencePieceTokenizer(std::string bytes, std::string_view subject) : bytes_(std::move(bytes)) {
  check_sentencepiece_model(bytes_, subject);
  const auto status = processor_.LoadFromSerializedProto(bytes_);
  require(status.ok(), "{}: must be a SentencePiece model: {}", subject, status.message());
  special_ = {.pad = find_special("[PAD]", processor_.pad_id(), subject),
              .unknown = find_special("[UNK]", processor_.unk_id(), subject),
              .cls = find_special("[CLS]", processor_.bos_id(), subject),
              .sep = find_special("[SEP]", processor_.eos_id(), subject),
              .mask = find_special("[MASK]", -1, subject)};
  require(special_.cls >= 0, "{}: must have a piece [CLS] or a begin-of-sentence symbol, has neither", subject);
  require(special_.sep >= 0, "{}: must have a piece [SEP] or an end-of-sentence symbol, has neither", subject);
}

std::int32_t SentencePieceTokenizer::find_special(const char* name, std::int32_t otherwise,
                                                  std::string_view subject) const {
  const int named = processor_.PieceToId(name);  // the unknown id if there is no such piece
  const int id = processor_.IdToPiece(named) == name ? named : otherwise;
  require(id < 0 || processor_.IsControl(id) || processor_.IsUnknown(id),
          "{}: {} must be a control symbol, piece {} is one that text can produce", subject, name, id);
  return id;
}

std::vector<std::int32_t> SentencePieceTokenizer::encode(std::string_view text) const {
  engine::require_utf8(text, "encode: text");
  std::vector<int> all, ids;
  do {
    const std::size_t length = first_part(text);
    const auto status = processor_.Encode(text.substr(0, length), &ids);
    if (!status.ok()) fail("encode: SentencePiece refused the text: {}", status.message());
    all.insert(all.end(), ids.begin(), ids.end());
    text.remove_prefix(length);
  } while (!text.empty());
  return all;
}

std::string SentencePieceTokenizer::piece(std::int32_t id) const {
  require(id >= 0 && id < size(), "tokenizer.model: id must be in [0, {}), got {}", size(), id);
  return processor_.IdToPiece(id);
}

}  // namespace ingot::bert
