// The source of the testbench as text. It is compiled anew for each simulator (../runtime.cc).
#pragma once

namespace ingot::hw {

extern const char kTestbenchHeader[], kTestbenchSource[];

}  // namespace ingot::hw
