// Counts how much of a chip a netlist takes, as placers count it. Each family has its own definition:
//
//            lut                                           ff                dsp          bram
//   ice40    logic cells (nextpnr: ICESTORM_LC): a cell    SB_DFF*           SB_MAC16     SB_RAM40_4K
//            holds a LUT, a flip-flop, a carry, or those
//            of them that fit together
//   ecp5     LUTs in use (nextpnr: TRELLIS_COMB): LUT4,    TRELLIS_FF        MULT18X18D   DP16KD, PDPW16KD
//            2 a CCU2C and 2 at each end of a carry chain,
//            6 a TRELLIS_DPR16X4
//   xilinx   LUT1 to LUT6 and inverters, 4 a RAM32M or     FD*               DSP48E1      RAMB18E1, 2 a RAMB36E1
//            RAM64M, 2 a RAM32X1D or RAM64X1D, 1 an SRL
//
// nextpnr-ice40 and nextpnr-ecp5 add two cells for the constants 0 and 1; they are counted here, too. On the designs of
// docs/hardware the counts equal those of nextpnr-ecp5 and are within 2 of those of nextpnr-ice40. For xilinx no free
// placer was at hand to compare with.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/io/json.h"
#include "hw/modules/cost.h"

namespace ingot::hw {

struct Area {
  std::int64_t lut = 0, ff = 0, dsp = 0, bram = 0;
  std::int64_t carry = 0;      // SB_CARRY, CCU2C, CARRY4; `lut` includes them where the table above says so
  std::int64_t lut_logic = 0;  // the LUTs of the netlist alone, without carry, memory and packing

  Area& operator+=(const Area& other);
};

// The title of a column of `lut` in tables: "lut (logic cells)".
const char* lut_title(Target target);

// What a cell of that kind takes, without what packing adds: all of `lut` but what placers count for carries and for
// cells that stand alone.
Area area_of_cell(std::string_view kind);

// The area of the module `top` in a flat netlist that Yosys wrote with write_json.
Area area_of(const engine::Json& netlist, const std::string& top, Target target);

}  // namespace ingot::hw
