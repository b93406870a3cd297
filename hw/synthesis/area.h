// What a netlist takes of a chip, as placers count it. One definition a family:
//
//            lut                                           ff                dsp          bram
//   ice40    logic cells (nextpnr: ICESTORM_LC): a LUT,    SB_DFF*           SB_MAC16     SB_RAM40_4K
//            a flip-flop or a carry each, or what of them
//            fits together
//   ecp5     LUTs in use (nextpnr: TRELLIS_COMB): LUT4,    TRELLIS_FF        MULT18X18D   DP16KD, PDPW16KD
//            2 a CCU2C and 2 at each end of a carry chain,
//            6 a TRELLIS_DPR16X4
//   xilinx   LUT1 to LUT6 and inverters, 4 a RAM32M or     FD*               DSP48E1      RAMB18E1, 2 a RAMB36E1
//            RAM64M, 2 a RAM32X1D or RAM64X1D, 1 an SRL
//
// Both nextpnr add two cells, for the constants 0 and 1, which are counted here, too. On designs of docs/hardware the
// counts are nextpnr-ecp5's, and within 2 of nextpnr-ice40's. For xilinx there is no free placer here to compare with.
#pragma once

#include <cstdint>

#include "engine/io/json.h"
#include "hw/passes/cost.h"

namespace ingot::hw {

struct Area {
  std::int64_t lut = 0, ff = 0, dsp = 0, bram = 0;
  std::int64_t carry = 0;      // SB_CARRY, CCU2C, CARRY4: in `lut` where it says so
  std::int64_t lut_logic = 0;  // of `lut`: the LUTs of the netlist alone, without carry, memory and packing
};

// What a column `lut` is called for people: "lut (logic cells)".
const char* lut_title(Target target);

// Of a flat netlist as Yosys writes it (write_json): the module `top` of it.
Area area_of(const engine::Json& netlist, const std::string& top, Target target);

}  // namespace ingot::hw
