// Writes an encoder core as Verilog: the top module with its ROMs around rtl/encoder_core.sv.
#pragma once

#include <string>

#include "hw/core/images.h"
#include "hw/modules/verilog.h"

namespace ingot::hw {

// The module `name` with the streams data_in_0 (a token a beat) and data_out_0 (the status, then answers), both of 33
// bits as rtl/encoder_core.sv says. If INGOT_TRACE is defined it also gives what it computes: output_trace, sums_trace
// and norm_trace.
Verilog write_core(const Graph& graph, const CoreSize& size, const std::string& name = kTopName);

// Bits of the words in the traces.
struct TraceWidths {
  int pc, row, beats, result, norm, word, norm_sum, element;
  std::int64_t lanes;

  int output() const { return static_cast<int>(pc + row + beats + 2 * lanes * result); }
  int sums() const { return static_cast<int>(norm + row + word + lanes * norm_sum); }
  int normalised() const { return static_cast<int>(norm + row + word + lanes * element); }
};
TraceWidths trace_widths(const Encoder& encoder, const CorePlan& plan);

inline constexpr int kCoreBeatBits = 33;  // of both streams
inline constexpr int kCoreVersion = 1;    // in the status word

}  // namespace ingot::hw
