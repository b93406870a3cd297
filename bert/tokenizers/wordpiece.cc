#include "bert/tokenizers/wordpiece.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bert/tokenizers/basic_words.h"
#include "engine/base/error.h"
#include "engine/base/utf8.h"

namespace ingot::bert {
namespace {

using engine::require;

constexpr std::size_t kMaxWordChars = 100;
constexpr std::size_t kMaxWordBytes = 4 * kMaxWordChars;
constexpr std::string_view kFollowing = "##";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_too_long(std::string_view word) {
  if (word.size() <= kMaxWordChars) return false;
  const auto n_chars = std::count_if(word.begin(), word.end(), [](char c) { return (c & 0xC0) != 0x80; });
  return static_cast<std::size_t>(n_chars) > kMaxWordChars;
}

}  // namespace

WordPiece::WordPiece(std::string bytes, WordPieceSettings settings, std::string_view subject)
    : bytes_(std::move(bytes)), settings_(std::move(settings)), rules_(settings_.rules()) {
  read_pieces(subject);
  find_special(subject);
  add_tokens(subject);
}

// Lines end as Python's do: \n, \r or both.
void WordPiece::read_pieces(std::string_view subject) {
  std::string_view all = bytes_;
  if (all.starts_with(kByteOrderMark)) all.remove_prefix(kByteOrderMark.size());
  require(!all.empty(), "{}: must hold one piece a line, is empty", subject);
  engine::require_utf8(bytes_, fmt::format("{}:", subject));
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t end = std::min(all.find_first_of("\r\n", begin), all.size());
    pieces_.push_back(all.substr(begin, end - begin));
    begin = end + (all.substr(end).starts_with("\r\n") ? 2 : 1);
  }
  for (std::size_t i = pieces_.size(); i-- > 0;) {  // backwards: of equal pieces the last one counts
    const std::string_view piece = pieces_[i];
    const auto id = static_cast<std::int32_t>(i);
    if (piece.empty() || !first_.add(piece, id)) continue;
    if (piece.size() > kFollowing.size() && piece.starts_with(kFollowing))
      following_.add(piece.substr(kFollowing.size()), id);
  }
}

std::int32_t WordPiece::find(std::string_view piece) const {
  std::uint64_t hash = PieceTable::kHashStart;
  for (const char c : piece) hash = PieceTable::extend(hash, c);
  return first_.find(piece, hash);
}

void WordPiece::find_special(std::string_view subject) {
  const auto special = [&](const std::string& text, bool needed) {
    std::int32_t id = find(text);
    for (const AddedToken& token : settings_.added) {
      if (id < 0 && token.content == text) id = token.id;
    }
    require(id >= 0 || !needed, "{}: must hold the piece {}, which none of its {} lines does", subject, text,
            pieces_.size());
    return id;
  };
  special_.pad = special(settings_.pad, true);
  special_.unknown = special(settings_.unknown, true);
  special_.cls = special(settings_.cls, true);
  special_.sep = special(settings_.sep, true);
  special_.mask = special(settings_.mask, false);
}

// A token that is a piece has its id; others have ids behind the pieces, or on empty lines.
void WordPiece::add_tokens(std::string_view subject) {
  std::vector<AddedToken>& added = settings_.added;
  std::sort(added.begin(), added.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  for (const AddedToken& token : added) {
    const std::int32_t id = find(token.content);
    require(id < 0 || id == token.id, "{}: added token '{}' must have the id of its piece, {}, got {}", subject,
            token.content, id, token.id);
    if (id >= 0) continue;
    const auto place = static_cast<std::size_t>(token.id);
    require(place < pieces_.size() + added.size(), "{}: added token '{}' has id {}, far behind the {} pieces", subject,
            token.content, token.id, pieces_.size());
    if (place >= pieces_.size()) pieces_.resize(place + 1);
    require(pieces_[place].empty(), "{}: added token '{}' has id {}, which is that of '{}'", subject, token.content,
            token.id, pieces_[place]);
    pieces_[place] = token.content;
  }
  patterns_.reserve(added.size());
  for (const AddedToken& token : added) {
    if (!token.normalized) {
      marks_.add(token.content, token.id);
    } else if (std::string pattern = BasicWords::normalized(token.content, rules_); !pattern.empty()) {
      patterns_.push_back(std::move(pattern));
      normalized_marks_.add(patterns_.back(), token.id);
    }
  }
  const std::array named{std::pair{&settings_.pad, special_.pad}, std::pair{&settings_.unknown, special_.unknown},
                         std::pair{&settings_.cls, special_.cls}, std::pair{&settings_.sep, special_.sep},
                         std::pair{&settings_.mask, special_.mask}};
  for (const auto& [text, id] : named) {
    const auto is_it = [&text = text](const AddedToken& token) { return token.content == *text; };
    if (id >= 0 && std::none_of(added.begin(), added.end(), is_it)) marks_.add(*text, id);
  }
  listed_ = settings_;  // what goes without saying is not said
  std::erase_if(listed_.added, [&](const AddedToken& token) {
    return settings_.is_named(token.content) && !token.normalized && find(token.content) == token.id;
  });
}

std::string WordPiece::piece(std::int32_t id) const {
  require(id >= 0 && id < size(), "vocab.txt: id must be in [0, {}), got {}", size(), id);
  return std::string(pieces_[static_cast<std::size_t>(id)]);
}

std::string WordPiece::config() const { return config_text(listed_); }

void WordPiece::Marks::add(std::string_view token, std::int32_t id) {
  if (table.add(token, id) && first_bytes.find(token[0]) == std::string::npos) first_bytes += token[0];
}

std::size_t WordPiece::Marks::next(std::string_view text, std::size_t at) const {
  return first_bytes.size() == 1 ? text.find(first_bytes[0], at) : text.find_first_of(first_bytes, at);
}

WordPiece::Marks::Match WordPiece::Marks::longest_at(std::string_view text) const {
  Match longest{-1, 0};
  std::uint64_t hash = PieceTable::kHashStart;
  for (std::size_t length = 1; length <= std::min(text.size(), table.longest()); ++length) {
    hash = PieceTable::extend(hash, text[length - 1]);
    if (const std::int32_t id = table.find(text.substr(0, length), hash); id >= 0) longest = {id, length};
  }
  return longest;
}

std::vector<std::int32_t> WordPiece::encode(std::string_view text) const {
  engine::require_utf8(text, "encode: text");
  std::vector<std::int32_t> ids;
  ids.reserve(text.size() / 4 + 4);
  split(text, marks_, ids, [&](std::string_view part) { append_text(part, ids); });
  return ids;
}

template <class Append>
void WordPiece::split(std::string_view text, const Marks& marks, std::vector<std::int32_t>& ids,
                      const Append& append) const {
  std::size_t begin = 0;
  for (std::size_t i = marks.next(text, 0); i != std::string_view::npos; i = marks.next(text, i)) {
    const Marks::Match match = marks.longest_at(text.substr(i));
    if (match.id < 0) {
      ++i;
      continue;
    }
    append(text.substr(begin, i - begin));
    ids.push_back(match.id);
    begin = i += match.length;
  }
  append(text.substr(begin));
}

void WordPiece::append_text(std::string_view text, std::vector<std::int32_t>& ids) const {
  if (patterns_.empty()) return append_words(text, rules_, ids);
  constexpr BasicRules kAsItIs{.lower_case = false, .strip_accents = false, .ideographs_apart = false};
  const std::string normalized = BasicWords::normalized(text, rules_);
  split(normalized, normalized_marks_, ids, [&](std::string_view part) { append_words(part, kAsItIs, ids); });
}

void WordPiece::append_words(std::string_view text, const BasicRules& rules, std::vector<std::int32_t>& ids) const {
  BasicWords words(text, rules);
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
