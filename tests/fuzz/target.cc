#include "tests/fuzz/target.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "tests/fuzz/bounds.h"
#include "tests/fuzz/mutations.h"
#include "tests/support/temporary_folder.h"

namespace ingot::fuzz {
namespace fs = std::filesystem;

namespace {

// Bytes of the character that the text begins with; 0 if that is not UTF-8 or must not reach a terminal.
// An oracle of its own: RFC 3629, section 4.
std::size_t plain_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const std::size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  unsigned code = first & (0x7fu >> n);
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  const bool is_shortest = code >= (n == 4 ? 0x10000u : n == 3 ? 0x800u : 0x80u);
  const bool is_control = code < 0xa0, is_surrogate = code >= 0xd800 && code < 0xe000;
  return is_shortest && !is_control && !is_surrogate && code < 0x110000 ? n : 0;
}

void check_sentence(const std::string& sentence, std::size_t n_input_bytes) {
  constexpr std::size_t kMostShown = 2000;  // as in cli/main.cc
  if (sentence.empty()) throw std::logic_error("refused without a sentence");
  if (sentence.size() > kMessageBytes + kMessageMultiple * n_input_bytes)
    throw std::logic_error(fmt::format("a sentence of {} bytes about {} bytes", sentence.size(), n_input_bytes));
  const std::string text = engine::printable(sentence, kMostShown);
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t n = plain_character(rest);
    if (n == 0) throw std::logic_error("a sentence that cannot be shown: " + engine::printable(text));
    rest.remove_prefix(n);
  }
}

}  // namespace

Outcome outcome_of(const Target& target, std::string_view bytes) {
  try {
    target.read(bytes);
    return Outcome::read;
  } catch (const engine::Message& message) {
    check_sentence(message.sentence(), bytes.size());
  } catch (const fs::filesystem_error& error) {
    check_sentence(error.code().message(), bytes.size());
  }
  return Outcome::refused;
}

std::string mutated(const Target& target, std::string bytes, Rng& rng) {
  if (target.mutated != nullptr && rng.below(5) != 0) return target.mutated(std::move(bytes), rng);
  return mutated_bytes(std::move(bytes), rng, target.pieces);
}

const fs::path& folder() {
  static const test::TemporaryFolder folder;
  return folder.path();
}

fs::path file_of(std::string_view name, std::string_view bytes) { return test::put(folder() / name, bytes); }

}  // namespace ingot::fuzz
