// The testbench as text, for simulators to compile.
#pragma once

namespace ingot::hw {

extern const char kTestbenchHeader[], kTestbenchSource[];

}  // namespace ingot::hw
