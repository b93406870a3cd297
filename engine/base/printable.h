// Text from files, as it may be shown: one rule for everything untrusted that is printed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ingot::engine {

// `text` on one line, in valid UTF-8, with nothing that a terminal obeys: \t, \n and \r for tab and line ends, \xNN for
// other control characters and for bytes that are not UTF-8, \uNNNN for what is invisible or turns the direction of
// writing (U+0080-009F, U+200B-200F, U+2028-202E, U+2060-206F, U+FEFF). A backslash stays as it is, so that doing it
// twice changes nothing. From `n_bytes` bytes on it is cut, between characters, and ends with "...".
std::string printable(std::string_view text, std::size_t n_bytes = std::string_view::npos);

// For messages: at most about 40 bytes of `text`, made printable.
std::string excerpt(std::string_view text);

// The same as printable for several lines: each is made printable, line ends stay.
std::string printable_lines(std::string_view text);

}  // namespace ingot::engine
