// What strangers wrote must neither move the cursor nor pretend to be another line.
#include <doctest/doctest.h>

#include "engine/base/printable.h"
#include "engine/base/utf8.h"

using namespace ingot::engine;

TEST_CASE("plain text in any script is shown as it is") {
  for (const char* text : {"", "iron", "a\\b \"c\" {d}", "Eisen, \xC3\xA4rgerlich", "\xE9\x89\x84", "\xF0\x9F\x98\x80"})
    CHECK(printable(text) == text);
}

TEST_CASE("nothing that a terminal obeys is shown raw") {
  CHECK(printable("a\tb\nc\rd") == "a\\tb\\nc\\rd");
  CHECK(printable(std::string_view("\x1b[31mred\x07\0\x7f", 11)) == "\\x1b[31mred\\x07\\x00\\x7f");
  CHECK(printable("\xC2\x9B"
                  "2J") == "\\u009b2J");  // CSI in one character
  CHECK(printable("a\xE2\x80\xAE"
                  "b") == "a\\u202eb");                                                 // right to left from here on
  CHECK(printable("\xE2\x80\xA8\xE2\x81\xA6\xEF\xBB\xBF") == "\\u2028\\u2066\\ufeff");  // line end, isolate, mark
  CHECK(printable("\xff\xC3(") == "\\xff\\xc3(");
}

TEST_CASE(
    "whatever the bytes, what is shown is one line of UTF-8 without control characters, and showing it again changes "
    "nothing") {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second), 'x'};
      const std::string shown = printable(text);
      REQUIRE(find_invalid_utf8(shown) == std::string::npos);
      for (const char c : shown) REQUIRE((static_cast<unsigned char>(c) >= 0x20 && c != 0x7F));
      REQUIRE(printable(shown) == shown);
    }
  }
}

TEST_CASE("an excerpt is short, whole characters, and shows control characters") {
  CHECK(excerpt("a\tb\xff\x7f") == "a\\tb\\xff\\x7f");
  CHECK(excerpt(std::string(40, 'x')) == std::string(40, 'x'));
  CHECK(excerpt(std::string(41, 'x')) == std::string(40, 'x') + "...");
  CHECK(excerpt(std::string(39, 'x') + "\xc3\xa9y") == std::string(39, 'x') + "\xc3\xa9...");
}

TEST_CASE("long text is cut between characters") {
  CHECK(printable("abcdef", 6) == "abcdef");
  CHECK(printable("abcdefg", 6) == "abcdef...");
  CHECK(printable("abcde\xC3\xA4\xC3\xA4", 6) == "abcde\xC3\xA4...");
}

TEST_CASE("of several lines each is made printable") {
  CHECK(printable_lines("") == "");
  CHECK(printable_lines("a\x1b\nb\n") == "a\\x1b\nb\n");
  CHECK(printable_lines("a\n\nb\r") == "a\n\nb\\r");
}
