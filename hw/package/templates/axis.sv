// SPDX-License-Identifier: @LICENCE@
// @SIMULATED@ with AXI4-Stream on both sides. tdata is whole bytes: the bits of a beat, then zeros, which are ignored on input.
// @PACKETS@
// aresetn is synchronous.
`default_nettype none
module @TOP@_axis #(
    parameter IMAGE_FOLDER = ""
) (
    input  wire aclk,
    input  wire aresetn,
    /* verilator lint_off UNUSEDSIGNAL */  // padding
    input  wire [@IN_TDATA_BITS@-1:0] s_axis_tdata,
    /* verilator lint_on UNUSEDSIGNAL */
    input  wire s_axis_tvalid,
    output wire s_axis_tready,
    input  wire s_axis_tlast,
    output wire [@OUT_TDATA_BITS@-1:0] m_axis_tdata,
    output wire m_axis_tvalid,
    input  wire m_axis_tready,
    output wire m_axis_tlast,
    output wire packet_fault
);
  wire [@IN_BITS@-1:0] in_data;
  wire [@OUT_BITS@-1:0] out_data;
  wire in_valid, in_ready, out_valid, out_ready;
  @SIMULATED@ #(
      .IMAGE_FOLDER(IMAGE_FOLDER)
  ) i_@TOP@ (
      .clk(aclk),
      .rst(!aresetn),
      .data_in_0(in_data),
      .data_in_0_valid(in_valid),
      .data_in_0_ready(in_ready),
      .data_out_0(out_data),
      .data_out_0_valid(out_valid),
      .data_out_0_ready(out_ready)
  );
@IN_SIDE@@OUT_SIDE@endmodule
`default_nettype wire
