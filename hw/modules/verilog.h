// A module in Verilog, as an emitted folder holds it.
#pragma once

#include <string>
#include <vector>

#include "hw/modules/image.h"

namespace ingot::hw {

struct Verilog {
  std::string top;                       // text of NAME.sv
  std::vector<std::string> dependences;  // files of rtl/; a module comes before those that use it
  std::vector<Image> images;             // ROM images, each to be written as its file()
  std::string with_memory{};             // of a core with memories outside: text of NAME_with_memory.sv
};

inline constexpr const char kTopName[] = "top";

// The module around `top` that puts ROMs where it has memories outside.
inline std::string with_memory(const std::string& top) { return top + "_with_memory"; }

}  // namespace ingot::hw
