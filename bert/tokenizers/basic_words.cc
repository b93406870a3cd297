#include "bert/tokenizers/basic_words.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/base/utf8.h"

namespace ingot::bert {
namespace {

enum class Kind : std::uint8_t { other, letter, space, punctuation };  // other: control characters and all beyond ASCII

constexpr std::array<Kind, 256> make_kinds() {
  std::array<Kind, 256> kinds{};
  for (int c = 33; c < 127; ++c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    kinds[static_cast<std::size_t>(c)] = alphanumeric ? Kind::letter : Kind::punctuation;
  }
  for (const char c : {' ', '\t', '\n', '\r'}) kinds[static_cast<std::size_t>(c)] = Kind::space;
  return kinds;
}

constexpr std::array<Kind, 256> kKinds = make_kinds();

Kind kind_of(char c) { return kKinds[static_cast<unsigned char>(c)]; }

// The original counts every ASCII character that is neither letter, digit nor space as punctuation ('$', '^', '`').
bool is_punctuation(char32_t code) {
  if (code < 0x80) return kind_of(static_cast<char>(code)) == Kind::punctuation;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool is_space(char32_t code) {
  if (code < 0x80) return kind_of(static_cast<char>(code)) == Kind::space;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP;
}

// Tab and the two line ends are whitespace, whatever their category.
bool is_removed(char32_t code) {
  if (code == U'\t' || code == U'\n' || code == U'\r') return false;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return code == 0xFFFD || category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
         category == UTF8PROC_CATEGORY_CO;
}

bool is_cjk(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  constexpr std::array<Range, 8> kRanges{{{0x3400, 0x4DBF},
                                          {0x4E00, 0x9FFF},
                                          {0xF900, 0xFAFF},
                                          {0x20000, 0x2A6DF},
                                          {0x2A700, 0x2B73F},
                                          {0x2B740, 0x2B81F},
                                          {0x2B820, 0x2CEAF},
                                          {0x2F800, 0x2FA1F}}};
  return std::any_of(kRanges.begin(), kRanges.end(), [=](Range r) { return code >= r.first && code <= r.last; });
}

}  // namespace

std::string_view BasicWords::next() {
  for (;;) {
    if (at_normalized_ < normalized_.size()) {
      const std::string_view word = next_normalized();
      if (!word.empty()) return word;
      continue;
    }
    while (at_ < text_.size() && kind_of(text_[at_]) == Kind::space) ++at_;
    if (at_ == text_.size()) return {};
    const std::string_view word = next_ascii();
    if (!word.empty()) return word;
    normalize_stretch();
  }
}

// A word of ASCII letters, or one punctuation character; empty, without moving, if something else is part of the word.
std::string_view BasicWords::next_ascii() {
  if (kind_of(text_[at_]) == Kind::punctuation) return text_.substr(at_++, 1);
  std::size_t end = at_;
  while (end < text_.size() && kind_of(text_[end]) == Kind::letter) ++end;
  if (end < text_.size() && kind_of(text_[end]) == Kind::other) return {};
  const std::string_view word = text_.substr(at_, end - at_);
  at_ = end;
  if (!rules_.lower_case) return word;
  word_.resize(word.size());
  std::transform(word.begin(), word.end(), word_.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return word_;
}

std::string_view BasicWords::next_normalized() {
  word_.clear();
  while (at_normalized_ < normalized_.size()) {
    const char32_t code = normalized_[at_normalized_];
    const bool apart = is_punctuation(code);
    if (apart && !word_.empty()) break;
    ++at_normalized_;
    if (is_space(code)) {
      if (!word_.empty()) break;
      continue;
    }
    engine::append_utf8(word_, code);
    if (apart) break;
  }
  return word_;
}

// Up to the next ASCII whitespace: no rule looks across it.
void BasicWords::normalize_stretch() {
  normalized_.clear();
  at_normalized_ = marks_begin_ = 0;
  const char* at = text_.data() + at_;
  const char* const end = text_.data() + text_.size();
  while (at < end && kind_of(*at) != Kind::space) {
    const char32_t code = engine::next_code_point(at);
    if (is_removed(code)) continue;
    const bool apart = rules_.ideographs_apart && is_cjk(code);
    if (apart) append_normalized(U' ');
    append_normalized(code);
    if (apart) append_normalized(U' ');
  }
  if (rules_.strip_accents) order_marks();
  at_ = static_cast<std::size_t>(at - text_.data());
}

void BasicWords::append_normalized(char32_t code) {
  if (!rules_.strip_accents) {
    append_cased(code);
    return;
  }
  std::array<utf8proc_int32_t, 8> parts{};  // canonical decompositions have at most 4
  int boundary = 0;
  const utf8proc_ssize_t n_parts = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code), parts.data(),
                                                           parts.size(), UTF8PROC_DECOMPOSE, &boundary);
  for (utf8proc_ssize_t i = 0; i < n_parts; ++i) {
    const utf8proc_int32_t part = parts[static_cast<std::size_t>(i)];
    const utf8proc_property_t* property = utf8proc_get_property(part);
    if (property->combining_class == 0) order_marks();
    if (property->category == UTF8PROC_CATEGORY_MN) continue;
    append_cased(static_cast<char32_t>(part));
    if (property->combining_class == 0) marks_begin_ = normalized_.size();
  }
}

void BasicWords::append_cased(char32_t code) {
  if (rules_.lower_case && code == U'\u0130') {  // the one letter whose lower case is two characters
    normalized_.insert(normalized_.end(), {U'i', U'\u0307'});
  } else {
    normalized_.push_back(
        rules_.lower_case ? static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))) : code);
  }
}

std::string BasicWords::normalized(std::string_view text, const BasicRules& rules) {
  BasicWords reader(text, rules);
  std::string all;
  while (reader.at_ < text.size()) {
    if (kind_of(text[reader.at_]) == Kind::space) {
      all += ' ';
      ++reader.at_;
      continue;
    }
    reader.normalize_stretch();
    for (const char32_t code : reader.normalized_) engine::append_utf8(all, is_space(code) ? U' ' : code);
  }
  return all;
}

// Canonical ordering: characters of nonzero combining class between two of class zero are sorted by it, stably. Few are
// left to sort, since nonspacing marks are dropped.
void BasicWords::order_marks() {
  if (normalized_.size() - marks_begin_ > 1) {
    std::stable_sort(normalized_.begin() + static_cast<std::ptrdiff_t>(marks_begin_), normalized_.end(),
                     [](char32_t a, char32_t b) {
                       const auto rank = [](char32_t c) {
                         return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
                       };
                       return rank(a) < rank(b);
                     });
  }
  marks_begin_ = normalized_.size();
}

}  // namespace ingot::bert
