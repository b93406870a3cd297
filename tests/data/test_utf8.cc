#include <doctest/doctest.h>

#include "data/crc32.h"
#include "data/utf8.h"

using namespace ingot::data;

namespace {

// Decodes by value, the other way round than the table of byte ranges: length of the sequence at the front, or 0.
std::size_t decoded_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = byte(0) < 0x80       ? 1
                             : byte(0) >> 5 == 6  ? 2
                             : byte(0) >> 4 == 14 ? 3
                             : byte(0) >> 3 == 30 ? 4
                                                  : 0;
  if (length < 2) return length;
  if (text.size() < length) return 0;
  std::uint32_t code = byte(0) & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (byte(i) >> 6 != 2) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  const std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < smallest[length] || code > 0x10ffff || surrogate ? 0 : length;
}

std::size_t first_invalid(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = decoded_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return text.npos;
}

}  // namespace

TEST_CASE("well-formed UTF-8 is told from the rest by every lead byte and the borders of every continuation") {
  const unsigned char borders[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xff};
  for (unsigned lead = 0; lead < 256; ++lead) {
    for (const unsigned char a : borders) {
      for (const unsigned char b : borders) {
        for (const unsigned char c : borders) {
          const char bytes[] = {static_cast<char>(lead), static_cast<char>(a), static_cast<char>(b),
                                static_cast<char>(c)};
          for (std::size_t size = 1; size <= 4; ++size) {
            const std::string_view text(bytes, size);
            REQUIRE(find_invalid_utf8(text) == first_invalid(text));
          }
        }
      }
    }
  }
}

TEST_CASE("a bad byte is found at every offset of a text") {
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      CHECK(find_invalid_utf8(text) == text.npos);
      text[at] = '\x80';
      CHECK(find_invalid_utf8(text) == at);
    }
  }
  CHECK(find_invalid_utf8("") == std::string_view::npos);
}

TEST_CASE("an excerpt is short, whole characters, and shows control characters") {
  CHECK(excerpt("a\tb\xff\x7f") == "a\\tb\\xff\\x7f");
  CHECK(excerpt(std::string(40, 'x')) == std::string(40, 'x'));
  CHECK(excerpt(std::string(41, 'x')) == std::string(40, 'x') + "...");
  CHECK(excerpt(std::string(39, 'x') + "\xc3\xa9y") == std::string(39, 'x') + "\xc3\xa9...");
}

TEST_CASE("the checksum agrees with a bitwise one at every length and in parts") {
  CHECK(crc32("123456789") == 0xcbf43926u);  // the check value of CRC-32/ISO-HDLC in the catalogue of CRC algorithms
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    std::uint32_t slow = ~0u;
    for (const char c : bytes) {
      slow ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; ++bit) slow = slow >> 1 ^ ((slow & 1) != 0 ? 0xEDB88320u : 0);
    }
    CHECK(crc32(bytes) == ~slow);
    const std::string_view view(bytes);
    CHECK(crc32(view.substr(view.size() / 3), crc32(view.substr(0, view.size() / 3))) == ~slow);
    bytes.push_back(static_cast<char>(37 * i + 11));
  }
}
