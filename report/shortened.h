// Texts for places that are too small for all of them.
#pragma once

#include <cstddef>
#include <string>

namespace ingot::report {

// The text with single blanks, cut after so many characters, which "..." then says.
std::string shortened(const std::string& text, std::size_t most);

// Characters of UTF-8.
std::size_t n_characters(const std::string& text);

}  // namespace ingot::report
