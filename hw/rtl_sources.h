// The files of rtl/ as text, embedded when the program was built: emitting needs no checkout.
#pragma once

#include <span>
#include <string_view>

namespace ingot::hw {

struct RtlSource {
  std::string_view name, text;  // name: linear.sv
};

std::span<const RtlSource> rtl_sources();

// The text of the file `name`. Throws Error if rtl/ has no such file.
std::string_view rtl_source(std::string_view name);

}  // namespace ingot::hw
