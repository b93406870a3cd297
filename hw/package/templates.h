// The texts of templates/, embedded when the program was built, and their filling in.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ingot::hw {

using Replacements = std::vector<std::pair<std::string, std::string>>;

// The template `name`, with @NAME@ replaced by its text for each of the replacements.
std::string filled(std::string_view name, const Replacements& replacements);

}  // namespace ingot::hw
