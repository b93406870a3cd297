// The files of rtl/, as they were when the program was built: emitting works from any folder.
#pragma once

#include <span>
#include <string_view>

namespace ingot::hw {

struct RtlSource {
  std::string_view name, text;  // linear.sv
};

std::span<const RtlSource> rtl_sources();
std::string_view rtl_source(std::string_view name);  // there must be one

}  // namespace ingot::hw
