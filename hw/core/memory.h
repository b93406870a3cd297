// The memories of an encoder core, and how many block RAMs they take.
#pragma once

#include <string>
#include <vector>

#include "hw/core/program.h"
#include "hw/modules/cost.h"

namespace ingot::hw {

struct CoreMemory {
  std::string name;  // what it holds
  std::int64_t words, bits;
  bool is_rom;
  std::int64_t copies = 1;  // banks of that size, or ROMs that lanes read each for itself
  bool is_in_logic = false;
  bool has_one_port = false;  // will do: rtl/memory_block.sv
  bool is_outside = false;    // of the design
};

std::vector<CoreMemory> memories_of(const Encoder& encoder, const CorePlan& plan);

}  // namespace ingot::hw
