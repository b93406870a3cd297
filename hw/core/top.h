// Writes an encoder core as Verilog: the top module with its ROMs around rtl/encoder_core.sv.
#pragma once

#include <string>

#include "hw/core/images.h"
#include "hw/modules/verilog.h"

namespace ingot::hw {

// The module `name` with the streams data_in_0 (a token or a part of a row a beat) and data_out_0 (the status, then
// answers) as rtl/encoder_core.sv says. If INGOT_TRACE is defined it also gives what it computes: output_trace,
// sums_trace and norm_trace.
//
// Of a size with streams_weights it has a port NAME_address and a port NAME_data for each memory outside, and
// with_memory is the text of the module around it that has ROMs there.
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

// Bits of a beat, with the one that ends a packet.
std::int64_t bits_in(const Encoder& encoder, const CorePlan& plan);
std::int64_t bits_out(const Encoder& encoder, const CorePlan& plan);

inline constexpr int kCoreVersion = 1;  // in the status word

}  // namespace ingot::hw
