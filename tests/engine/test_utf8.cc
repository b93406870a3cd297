#include <doctest/doctest.h>

#include "engine/base/utf8.h"
#include "tests/support/error_text.h"

using namespace ingot::engine;

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

TEST_CASE("what is not UTF-8 is named by its byte and place, in a file by its line too") {
  using ingot::test::error_text;
  const std::string text = "a\nb\nc\xff";
  CHECK(error_text([&] { require_utf8(text, "vocab.txt:"); }) == "vocab.txt: must be UTF-8, got byte 0xff at offset 5");
  CHECK(error_text([&] { require_utf8_file(text, "a.csv"); }) ==
        "a.csv: line 3: must be UTF-8, got byte 0xff at byte offset 5 of the file");
  require_utf8_file("a\xc3\xa9", "a.csv");
  CHECK(without_bom("\xef\xbb\xbf"
                    "a") == "a");
  CHECK(without_bom("\xef\xbb") == "\xef\xbb");
}
