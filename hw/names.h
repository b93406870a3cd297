// The one alphabet of names that become code, a path or a word of a script. It is checked where files are read and
// again where text is written.
#pragma once

#include <string>
#include <string_view>

namespace ingot::hw {

inline constexpr std::size_t kMaxName = 64, kMaxFileName = 200;

// At most `n_bytes` of A-Z a-z 0-9 _ and '.', at least one, the first no dot: nothing of it means anything to a shell,
// a file system, Yosys, C++ or a Verilog comment.
bool is_plain(std::string_view name, std::size_t n_bytes = kMaxName);

// The same without dots and without a digit in front, which Verilog and C++ take as the beginning of an identifier.
bool is_identifier(std::string_view name);

// Throw Error naming `where`, the rule and the name.
void check_plain(const std::string& where, const std::string& name);
void check_layer_name(const std::string& where, const std::string& name);

// The name of a module by itself: an identifier, and no reserved word of Verilog, SystemVerilog (IEEE 1800-2017, annex
// B) or C++, which simulators write, nor a module of rtl/.
void check_module_name(const std::string& where, const std::string& name);

}  // namespace ingot::hw
