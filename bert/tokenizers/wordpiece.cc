#include "bert/tokenizers/wordpiece.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bert/tokenizers/basic_words.h"
#include "bert/tokenizers/utf8.h"
#include "engine/base/error.h"

namespace ingot::bert {
namespace {

using engine::require;

constexpr std::size_t kMaxWordChars = 100;
constexpr std::size_t kMaxWordBytes = 4 * kMaxWordChars;
constexpr std::string_view kFollowing = "##";

bool is_too_long(std::string_view word) {
  if (word.size() <= kMaxWordChars) return false;
  const auto n_chars = std::count_if(word.begin(), word.end(), [](char c) { return (c & 0xC0) != 0x80; });
  return static_cast<std::size_t>(n_chars) > kMaxWordChars;
}

}  // namespace

WordPiece::WordPiece(std::string bytes, bool lower_case, std::string_view subject)
    : bytes_(std::move(bytes)), lower_case_(lower_case) {
  read_pieces(subject);
  find_special(subject);
}

void WordPiece::read_pieces(std::string_view subject) {
  require(!bytes_.empty(), "{}: must hold one piece a line, is empty", subject);
  require_utf8(bytes_, fmt::format("{}:", subject));
  const std::string_view all = bytes_;
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t end = std::min(all.find('\n', begin), all.size());
    std::string_view piece = all.substr(begin, end - begin);
    if (piece.ends_with('\r')) piece.remove_suffix(1);
    begin = end + 1;
    const std::size_t line = pieces_.size() + 1;
    require(!piece.empty(), "{}: line {} must hold a piece, is empty", subject, line);
    const auto id = static_cast<std::int32_t>(pieces_.size());
    require(first_.add(piece, id), "{}: line {} repeats the piece '{}'", subject, line, piece);
    if (piece.size() > kFollowing.size() && piece.starts_with(kFollowing)) {
      following_.add(piece.substr(kFollowing.size()), id);
    }
    pieces_.push_back(piece);
  }
}

void WordPiece::find_special(std::string_view subject) {
  const auto find = [&](std::string_view text, bool needed) {
    const auto found = std::find(pieces_.begin(), pieces_.end(), text);
    require(found != pieces_.end() || !needed, "{}: must hold the piece {}, which none of its {} lines does", subject,
            text, pieces_.size());
    if (found == pieces_.end()) return -1;
    named_.push_back({.text = text, .id = static_cast<std::int32_t>(found - pieces_.begin())});
    return named_.back().id;
  };
  special_.pad = find("[PAD]", true);
  special_.unknown = find("[UNK]", true);
  special_.cls = find("[CLS]", true);
  special_.sep = find("[SEP]", true);
  special_.mask = find("[MASK]", false);
}

std::string WordPiece::piece(std::int32_t id) const {
  require(id >= 0 && id < size(), "vocab.txt: id must be in [0, {}), got {}", size(), id);
  return std::string(pieces_[static_cast<std::size_t>(id)]);
}

std::string WordPiece::config() const {
  return fmt::format("{{\n  \"do_lower_case\": {},\n  \"tokenizer_class\": \"BertTokenizer\"\n}}\n", lower_case_);
}

std::vector<std::int32_t> WordPiece::encode(std::string_view text) const {
  require_utf8(text, "encode: text");
  std::vector<std::int32_t> ids;
  ids.reserve(text.size() / 4 + 4);
  std::size_t begin = 0;
  for (std::size_t i = text.find('['); i != std::string_view::npos; i = text.find('[', i)) {
    const NamedToken* token = special_at(text.substr(i));
    if (token == nullptr) {
      ++i;
      continue;
    }
    append_words(text.substr(begin, i - begin), ids);
    ids.push_back(token->id);
    begin = i += token->text.size();
  }
  append_words(text.substr(begin), ids);
  return ids;
}

const WordPiece::NamedToken* WordPiece::special_at(std::string_view text) const {
  const auto found =
      std::find_if(named_.begin(), named_.end(), [=](const NamedToken& token) { return text.starts_with(token.text); });
  return found == named_.end() ? nullptr : &*found;
}

void WordPiece::append_words(std::string_view text, std::vector<std::int32_t>& ids) const {
  BasicWords words(text, lower_case_);
  for (std::string_view word = words.next(); !word.empty(); word = words.next()) append_word(word, ids);
}

void WordPiece::append_word(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (is_too_long(word)) {
    ids.push_back(special_.unknown);
    return;
  }
  const std::size_t n_before = ids.size();
  std::array<std::uint64_t, kMaxWordBytes + 1> hashes;  // of the prefixes of what is left
  hashes[0] = PieceTable::kHashStart;
  const PieceTable* table = &first_;
  while (!word.empty()) {
    const std::size_t longest = std::min(word.size(), table->longest());
    for (std::size_t i = 0; i < longest; ++i) hashes[i + 1] = PieceTable::extend(hashes[i], word[i]);
    std::int32_t id = -1;
    std::size_t length = longest;
    for (; length > 0; --length) {
      id = table->find(word.substr(0, length), hashes[length]);
      if (id >= 0) break;
    }
    if (id < 0) {
      ids.resize(n_before);
      ids.push_back(special_.unknown);
      return;
    }
    ids.push_back(id);
    word.remove_prefix(length);
    table = &following_;
  }
}

}  // namespace ingot::bert
