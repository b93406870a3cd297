// Its layout: the size of a trie in bytes, the trie (a double array of darts-clone), replacements that end with a zero
// byte each. A unit's children lie at (its index ^ its offset ^ next byte of the text); its value, at byte 0, is a
// position in the replacements.
#include "bert/tokenizers/normalization_table.h"

#include <cstdint>
#include <cstring>

#include "engine/base/error.h"

namespace ingot::bert {
namespace {

using engine::require;

std::uint32_t word_at(std::string_view bytes, std::size_t i) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data() + 4 * i, sizeof word);
  return word;
}

std::size_t children_of(std::size_t i, std::uint32_t unit) { return i ^ (unit >> 10 << ((unit & 1u << 9) >> 6)); }

bool is_value(std::uint32_t unit) { return unit >> 31 != 0; }

bool has_value(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }

std::uint32_t value_of(std::uint32_t unit) { return unit & 0x7FFFFFFFu; }

}  // namespace

void check_normalization_table(std::string_view table, std::string_view subject) {
  if (table.empty()) return;
  const std::uint32_t n_trie_bytes = table.size() >= 4 ? word_at(table, 0) : 0;
  require(n_trie_bytes > 0 && n_trie_bytes % 4 == 0 && n_trie_bytes < table.size() - 4 && table.back() == '\0',
          "{}: normalisation table is damaged: {} bytes with a trie of {}", subject, table.size(), n_trie_bytes);
  const std::string_view trie = table.substr(4, n_trie_bytes);
  const std::size_t n_replacement_bytes = table.size() - 4 - n_trie_bytes;
  const std::size_t n_units = n_trie_bytes / 4;
  for (std::size_t i = 0; i < n_units; ++i) {
    const std::uint32_t unit = word_at(trie, i);
    if (is_value(unit)) continue;
    const std::size_t children = children_of(i, unit);
    const bool inside =
        (children | 0xFF) < n_units && (!has_value(unit) || value_of(word_at(trie, children)) < n_replacement_bytes);
    require(inside, "{}: normalisation table is damaged: unit {} of {} points outside", subject, i, n_units);
  }
}

std::optional<std::string_view> replacement(std::string_view table, std::string_view text) {
  if (table.empty() || text.empty()) return std::nullopt;
  const std::uint32_t n_trie_bytes = word_at(table, 0);
  const std::string_view trie = table.substr(4, n_trie_bytes), replacements = table.substr(4 + n_trie_bytes);
  std::uint32_t unit = word_at(trie, 0);
  std::size_t children = children_of(0, unit);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t i = children ^ byte;
    unit = word_at(trie, i);
    if (is_value(unit) || (unit & 0xFF) != byte) return std::nullopt;
    children = children_of(i, unit);
  }
  if (!has_value(unit)) return std::nullopt;
  const std::string_view rest = replacements.substr(value_of(word_at(trie, children)));
  return rest.substr(0, rest.find('\0'));
}

}  // namespace ingot::bert
