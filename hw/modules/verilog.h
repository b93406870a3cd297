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
};

inline constexpr const char kTopName[] = "top";

}  // namespace ingot::hw
