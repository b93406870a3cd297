// Names that become Verilog, C++, a path or a word of a script: one alphabet serves them all. Names are checked where
// files are read, and again where text is written.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ingot::compress {

inline constexpr std::size_t kMaxName = 64;

// True for 1 to `n_bytes` characters of A-Z a-z 0-9 _ and '.' that do not begin with '.'. No part of such a name has a
// meaning to a shell, a file system, Yosys, C++ or a Verilog comment.
bool is_plain(std::string_view name, std::size_t n_bytes = kMaxName);

// True for a plain name of at most kMaxName bytes without dots that does not begin with a digit: what Verilog and C++
// take as an identifier, or as one of their reserved words.
bool is_identifier(std::string_view name);

// Both throw Error that names `where`, the rule and the name. A graph's name must be plain, a layer's name an
// identifier.
void check_plain(const std::string& where, const std::string& name);
void check_layer_name(const std::string& where, const std::string& name);

}  // namespace ingot::compress
