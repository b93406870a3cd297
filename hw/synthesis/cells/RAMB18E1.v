// Xilinx 7 series: a block RAM of 18 kbit (UG473). Every ninth bit of a port goes through parity pins, and so do the
// contents: INIT_xx holds the eight lower bits of all bytes, INITP_xx the ninth ones. As simple dual port RAM (RAM_MODE
// SDP) A reads and B writes; a port of 36 bits has its upper half at the other port's pins. The outputs begin with
// anything, not with INIT_A and INIT_B: registers of our designs do not count on it.
`default_nettype none
module RAMB18E1 #(
    parameter [255:0] INIT_00 = 256'd0, INIT_01 = 256'd0, INIT_02 = 256'd0, INIT_03 = 256'd0,
    parameter [255:0] INIT_04 = 256'd0, INIT_05 = 256'd0, INIT_06 = 256'd0, INIT_07 = 256'd0,
    parameter [255:0] INIT_08 = 256'd0, INIT_09 = 256'd0, INIT_0A = 256'd0, INIT_0B = 256'd0,
    parameter [255:0] INIT_0C = 256'd0, INIT_0D = 256'd0, INIT_0E = 256'd0, INIT_0F = 256'd0,
    parameter [255:0] INIT_10 = 256'd0, INIT_11 = 256'd0, INIT_12 = 256'd0, INIT_13 = 256'd0,
    parameter [255:0] INIT_14 = 256'd0, INIT_15 = 256'd0, INIT_16 = 256'd0, INIT_17 = 256'd0,
    parameter [255:0] INIT_18 = 256'd0, INIT_19 = 256'd0, INIT_1A = 256'd0, INIT_1B = 256'd0,
    parameter [255:0] INIT_1C = 256'd0, INIT_1D = 256'd0, INIT_1E = 256'd0, INIT_1F = 256'd0,
    parameter [255:0] INIT_20 = 256'd0, INIT_21 = 256'd0, INIT_22 = 256'd0, INIT_23 = 256'd0,
    parameter [255:0] INIT_24 = 256'd0, INIT_25 = 256'd0, INIT_26 = 256'd0, INIT_27 = 256'd0,
    parameter [255:0] INIT_28 = 256'd0, INIT_29 = 256'd0, INIT_2A = 256'd0, INIT_2B = 256'd0,
    parameter [255:0] INIT_2C = 256'd0, INIT_2D = 256'd0, INIT_2E = 256'd0, INIT_2F = 256'd0,
    parameter [255:0] INIT_30 = 256'd0, INIT_31 = 256'd0, INIT_32 = 256'd0, INIT_33 = 256'd0,
    parameter [255:0] INIT_34 = 256'd0, INIT_35 = 256'd0, INIT_36 = 256'd0, INIT_37 = 256'd0,
    parameter [255:0] INIT_38 = 256'd0, INIT_39 = 256'd0, INIT_3A = 256'd0, INIT_3B = 256'd0,
    parameter [255:0] INIT_3C = 256'd0, INIT_3D = 256'd0, INIT_3E = 256'd0, INIT_3F = 256'd0,
    parameter [255:0] INITP_00 = 256'd0, INITP_01 = 256'd0, INITP_02 = 256'd0, INITP_03 = 256'd0,
    parameter [255:0] INITP_04 = 256'd0, INITP_05 = 256'd0, INITP_06 = 256'd0, INITP_07 = 256'd0,
    parameter INIT_A = 0,
    parameter INIT_B = 0,
    parameter SRVAL_A = 0,
    parameter SRVAL_B = 0,
    parameter integer DOA_REG = 0,
    parameter integer DOB_REG = 0,
    parameter [31:0] READ_WIDTH_A = 0,
    parameter [31:0] READ_WIDTH_B = 0,
    parameter [31:0] WRITE_WIDTH_A = 0,
    parameter [31:0] WRITE_WIDTH_B = 0,
    parameter RAM_MODE = "TDP",
    parameter WRITE_MODE_A = "WRITE_FIRST",
    parameter WRITE_MODE_B = "WRITE_FIRST"
) (
    input wire CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
    input wire RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB,
    input wire [13:0] ADDRARDADDR, ADDRBWRADDR,
    input wire [15:0] DIADI, DIBDI,
    input wire [1:0] DIPADIP, DIPBDIP, WEA,
    input wire [3:0] WEBWE,
    output wire [15:0] DOADO, DOBDO,
    output wire [1:0] DOPADOP, DOPBDOP
);
  localparam [16383:0] Data = {
    INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38,
    INIT_37, INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30,
    INIT_2F, INIT_2E, INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28,
    INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20,
    INIT_1F, INIT_1E, INIT_1D, INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18,
    INIT_17, INIT_16, INIT_15, INIT_14, INIT_13, INIT_12, INIT_11, INIT_10,
    INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09, INIT_08,
    INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02, INIT_01, INIT_00
  };
  localparam [2047:0] Parity = {
    INITP_07, INITP_06, INITP_05, INITP_04, INITP_03, INITP_02, INITP_01, INITP_00
  };
  localparam Simple = RAM_MODE == "SDP";
  localparam [31:0] ModeA = WRITE_MODE_A == "NO_CHANGE" ? 0 : WRITE_MODE_A == "READ_FIRST" ? 1 : 2;
  localparam [31:0] ModeB = WRITE_MODE_B == "NO_CHANGE" ? 0 : WRITE_MODE_B == "READ_FIRST" ? 1 : 2;

  wire [17:0] a_in, b_in, a_out, a_upper_out, b_out, b_upper_out;
  genvar i;
  generate
    for (i = 0; i < 2; i = i + 1) begin : g_byte
      assign a_in[9*i+:9] = {DIPADIP[i], DIADI[8*i+:8]};
      assign b_in[9*i+:9] = {DIPBDIP[i], DIBDI[8*i+:8]};
      assign {DOPADOP[i], DOADO[8*i+:8]} = a_out[9*i+:9];
      assign {DOPBDOP[i], DOBDO[8*i+:8]} = Simple ? a_upper_out[9*i+:9] : b_out[9*i+:9];
    end
  endgenerate

  block_ram #(
      .ADDRESS_WIDTH(14),
      .BYTES(4),
      .READ_WIDTHS({READ_WIDTH_B, READ_WIDTH_A}),
      .WRITE_WIDTHS({WRITE_WIDTH_B, WRITE_WIDTH_A}),
      .MODES({ModeB, ModeA})
  ) memory (
      .clk_i({CLKBWRCLK, CLKARDCLK}),
      .enable_i({ENBWREN, ENARDEN}),
      .write_i({WEBWE, 2'd0, WEA}),
      .address_i({ADDRBWRADDR[13:0], ADDRARDADDR[13:0]}),
      .data_i({b_in, WRITE_WIDTH_B == 36 ? a_in : b_in, 18'd0, a_in}),
      .data_o({b_upper_out, b_out, a_upper_out, a_out})
  );

  integer k;
  initial begin
    for (k = 0; k < 2048; k = k + 1) memory.bytes[k] = {Parity[k], Data[8*k+:8]};
    if (DOA_REG != 0 || DOB_REG != 0) $fatal(1, "RAMB18E1: has output registers");
  end
  always @(posedge CLKARDCLK) if (ENARDEN && RSTRAMARSTRAM) $fatal(1, "RAMB18E1: is reset");
  always @(posedge CLKBWRCLK) if (ENBWREN && RSTRAMB) $fatal(1, "RAMB18E1: is reset");

  wire unused = &{REGCEAREGCE, REGCEB, RSTREGARSTREG, RSTREGB, ADDRARDADDR, ADDRBWRADDR, b_upper_out,
                  INIT_A[0], INIT_B[0], SRVAL_A[0], SRVAL_B[0]};
endmodule
`default_nettype wire
