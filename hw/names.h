// Names in Verilog, beside those that every graph has (compress/integer/names.h).
#pragma once

#include <cstddef>
#include <string>

#include "compress/integer/names.h"

namespace ingot::hw {

inline constexpr std::size_t kMaxFileName = 200;

using compress::check_layer_name, compress::check_plain, compress::is_identifier, compress::is_plain,
    compress::kMaxName;

// A top module's name must be an identifier, no reserved word of Verilog, SystemVerilog (IEEE 1800-2017, annex B) or
// C++, and no module of rtl/. C++ counts because simulators translate the module to it.
void check_module_name(const std::string& where, const std::string& name);

}  // namespace ingot::hw
