// Xilinx 7 series: a block RAM of 36 kbit (UG473). Every ninth bit of a port goes through parity pins, and so do the
// contents: INIT_xx holds the eight lower bits of all bytes, INITP_xx the ninth ones. As simple dual port RAM (RAM_MODE
// SDP) A reads and B writes; a port of 72 bits has its upper half at the other port's pins. The outputs begin with
// anything, not with INIT_A and INIT_B: registers of our designs do not count on it.
`default_nettype none
module RAMB36E1 #(
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
    parameter [255:0] INIT_40 = 256'd0, INIT_41 = 256'd0, INIT_42 = 256'd0, INIT_43 = 256'd0,
    parameter [255:0] INIT_44 = 256'd0, INIT_45 = 256'd0, INIT_46 = 256'd0, INIT_47 = 256'd0,
    parameter [255:0] INIT_48 = 256'd0, INIT_49 = 256'd0, INIT_4A = 256'd0, INIT_4B = 256'd0,
    parameter [255:0] INIT_4C = 256'd0, INIT_4D = 256'd0, INIT_4E = 256'd0, INIT_4F = 256'd0,
    parameter [255:0] INIT_50 = 256'd0, INIT_51 = 256'd0, INIT_52 = 256'd0, INIT_53 = 256'd0,
    parameter [255:0] INIT_54 = 256'd0, INIT_55 = 256'd0, INIT_56 = 256'd0, INIT_57 = 256'd0,
    parameter [255:0] INIT_58 = 256'd0, INIT_59 = 256'd0, INIT_5A = 256'd0, INIT_5B = 256'd0,
    parameter [255:0] INIT_5C = 256'd0, INIT_5D = 256'd0, INIT_5E = 256'd0, INIT_5F = 256'd0,
    parameter [255:0] INIT_60 = 256'd0, INIT_61 = 256'd0, INIT_62 = 256'd0, INIT_63 = 256'd0,
    parameter [255:0] INIT_64 = 256'd0, INIT_65 = 256'd0, INIT_66 = 256'd0, INIT_67 = 256'd0,
    parameter [255:0] INIT_68 = 256'd0, INIT_69 = 256'd0, INIT_6A = 256'd0, INIT_6B = 256'd0,
    parameter [255:0] INIT_6C = 256'd0, INIT_6D = 256'd0, INIT_6E = 256'd0, INIT_6F = 256'd0,
    parameter [255:0] INIT_70 = 256'd0, INIT_71 = 256'd0, INIT_72 = 256'd0, INIT_73 = 256'd0,
    parameter [255:0] INIT_74 = 256'd0, INIT_75 = 256'd0, INIT_76 = 256'd0, INIT_77 = 256'd0,
    parameter [255:0] INIT_78 = 256'd0, INIT_79 = 256'd0, INIT_7A = 256'd0, INIT_7B = 256'd0,
    parameter [255:0] INIT_7C = 256'd0, INIT_7D = 256'd0, INIT_7E = 256'd0, INIT_7F = 256'd0,
    parameter [255:0] INITP_00 = 256'd0, INITP_01 = 256'd0, INITP_02 = 256'd0, INITP_03 = 256'd0,
    parameter [255:0] INITP_04 = 256'd0, INITP_05 = 256'd0, INITP_06 = 256'd0, INITP_07 = 256'd0,
    parameter [255:0] INITP_08 = 256'd0, INITP_09 = 256'd0, INITP_0A = 256'd0, INITP_0B = 256'd0,
    parameter [255:0] INITP_0C = 256'd0, INITP_0D = 256'd0, INITP_0E = 256'd0, INITP_0F = 256'd0,
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
    parameter RAM_EXTENSION_A = "NONE",
    parameter RAM_EXTENSION_B = "NONE",
    parameter RAM_MODE = "TDP",
    parameter WRITE_MODE_A = "WRITE_FIRST",
    parameter WRITE_MODE_B = "WRITE_FIRST"
) (
    input wire CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
    input wire RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB,
    input wire [15:0] ADDRARDADDR, ADDRBWRADDR,
    input wire [31:0] DIADI, DIBDI,
    input wire [3:0] DIPADIP, DIPBDIP, WEA,
    input wire [7:0] WEBWE,
    output wire [31:0] DOADO, DOBDO,
    output wire [3:0] DOPADOP, DOPBDOP
);
  localparam [32767:0] Data = {
    INIT_7F, INIT_7E, INIT_7D, INIT_7C, INIT_7B, INIT_7A, INIT_79, INIT_78,
    INIT_77, INIT_76, INIT_75, INIT_74, INIT_73, INIT_72, INIT_71, INIT_70,
    INIT_6F, INIT_6E, INIT_6D, INIT_6C, INIT_6B, INIT_6A, INIT_69, INIT_68,
    INIT_67, INIT_66, INIT_65, INIT_64, INIT_63, INIT_62, INIT_61, INIT_60,
    INIT_5F, INIT_5E, INIT_5D, INIT_5C, INIT_5B, INIT_5A, INIT_59, INIT_58,
    INIT_57, INIT_56, INIT_55, INIT_54, INIT_53, INIT_52, INIT_51, INIT_50,
    INIT_4F, INIT_4E, INIT_4D, INIT_4C, INIT_4B, INIT_4A, INIT_49, INIT_48,
    INIT_47, INIT_46, INIT_45, INIT_44, INIT_43, INIT_42, INIT_41, INIT_40,
    INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38,
    INIT_37, INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30,
    INIT_2F, INIT_2E, INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28,
    INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20,
    INIT_1F, INIT_1E, INIT_1D, INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18,
    INIT_17, INIT_16, INIT_15, INIT_14, INIT_13, INIT_12, INIT_11, INIT_10,
    INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09, INIT_08,
    INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02, INIT_01, INIT_00
  };
  localparam [4095:0] Parity = {
    INITP_0F, INITP_0E, INITP_0D, INITP_0C, INITP_0B, INITP_0A, INITP_09, INITP_08,
    INITP_07, INITP_06, INITP_05, INITP_04, INITP_03, INITP_02, INITP_01, INITP_00
  };
  localparam Simple = RAM_MODE == "SDP";
  localparam [31:0] ModeA = WRITE_MODE_A == "NO_CHANGE" ? 0 : WRITE_MODE_A == "READ_FIRST" ? 1 : 2;
  localparam [31:0] ModeB = WRITE_MODE_B == "NO_CHANGE" ? 0 : WRITE_MODE_B == "READ_FIRST" ? 1 : 2;

  wire [35:0] a_in, b_in, a_out, a_upper_out, b_out, b_upper_out;
  genvar i;
  generate
    for (i = 0; i < 4; i = i + 1) begin : g_byte
      assign a_in[9*i+:9] = {DIPADIP[i], DIADI[8*i+:8]};
      assign b_in[9*i+:9] = {DIPBDIP[i], DIBDI[8*i+:8]};
      assign {DOPADOP[i], DOADO[8*i+:8]} = a_out[9*i+:9];
      assign {DOPBDOP[i], DOBDO[8*i+:8]} = Simple ? a_upper_out[9*i+:9] : b_out[9*i+:9];
    end
  endgenerate

  block_ram #(
      .ADDRESS_WIDTH(15),
      .BYTES(8),
      .READ_WIDTHS({READ_WIDTH_B, READ_WIDTH_A}),
      .WRITE_WIDTHS({WRITE_WIDTH_B, WRITE_WIDTH_A}),
      .MODES({ModeB, ModeA})
  ) memory (
      .clk_i({CLKBWRCLK, CLKARDCLK}),
      .enable_i({ENBWREN, ENARDEN}),
      .write_i({WEBWE, 4'd0, WEA}),
      .address_i({ADDRBWRADDR[14:0], ADDRARDADDR[14:0]}),
      .data_i({b_in, WRITE_WIDTH_B == 72 ? a_in : b_in, 36'd0, a_in}),
      .data_o({b_upper_out, b_out, a_upper_out, a_out})
  );

  integer k;
  initial begin
    for (k = 0; k < 4096; k = k + 1) memory.bytes[k] = {Parity[k], Data[8*k+:8]};
    if (DOA_REG != 0 || DOB_REG != 0 || RAM_EXTENSION_A != "NONE" || RAM_EXTENSION_B != "NONE") $fatal(1, "RAMB36E1: has output registers or a cascade");
  end
  always @(posedge CLKARDCLK) if (ENARDEN && RSTRAMARSTRAM) $fatal(1, "RAMB36E1: is reset");
  always @(posedge CLKBWRCLK) if (ENBWREN && RSTRAMB) $fatal(1, "RAMB36E1: is reset");

  wire unused = &{REGCEAREGCE, REGCEB, RSTREGARSTREG, RSTREGB, ADDRARDADDR, ADDRBWRADDR, b_upper_out,
                  INIT_A[0], INIT_B[0], SRVAL_A[0], SRVAL_B[0]};
endmodule
`default_nettype wire
