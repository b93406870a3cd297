// Reads all ROMs of a core once after reset, at the same addresses, and compares their checksum with the one that it
// should be. hw/core/rom_check.h defines the checksum: the remainder of a division by the polynomial of CRC-32, whose
// next 32 bits are, address after address, the exclusive or of all 32-bit pieces of the words.
//
//   address_o   of all ROMs while busy_o is high; words_i follow by two cycles, early_i by one: the words of the ROMs,
//               each filled up to a multiple of 32 bits
//   busy_o      high for 2^ADDRESS_WIDTH + 3 cycles after reset
//   error_o     then tells that they are not what they should be, until the next reset
//
// It costs a LUT of four inputs for about three bits of words, and some 40 for the remainder.
`default_nettype none
module rom_check #(
    parameter int        ENABLED       = 1,  // 0: it checks nothing and takes nothing
    parameter int        ADDRESS_WIDTH = 9,
    parameter int        WORDS         = 1,  // of 32 bits
    parameter int        EARLY         = 1,
    parameter bit [31:0] CHECKSUM      = 0
) (
    input  wire                      clk_i,
    input  wire                      rst_i,
    output logic [ADDRESS_WIDTH-1:0] address_o,
    input  wire  [     WORDS*32-1:0] words_i,
    input  wire  [     EARLY*32-1:0] early_i,
    output logic                     busy_o,
    output logic                     error_o
);
  localparam bit [31:0] Polynomial = 32'h04c11db7;

  logic [ADDRESS_WIDTH:0] count_q;  // its highest bit: all addresses were read
  logic reads;
  logic [2:0] valid_q;
  logic [31:0] words, early, early_q, sum_q, remainder_q;
  assign reads = !count_q[ADDRESS_WIDTH];
  assign address_o = count_q[ADDRESS_WIDTH-1:0];

  always_comb begin
    words = early_q;
    for (int w = 0; w < WORDS; w++) words = words ^ words_i[w*32+:32];
    early = '0;
    for (int w = 0; w < EARLY; w++) early = early ^ early_i[w*32+:32];
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      count_q <= '0;
      valid_q <= 3'd0;
      remainder_q <= '0;
    end else begin
      if (reads) count_q <= count_q + 1'b1;
      valid_q <= {valid_q[1:0], reads};
      if (valid_q[2])
        remainder_q <= {remainder_q[30:0], 1'b0} ^ (remainder_q[31] ? Polynomial : 32'd0) ^ sum_q;
    end
    early_q <= early;
    sum_q   <= words;
  end

  assign busy_o  = ENABLED != 0 && (reads || valid_q != 3'd0);
  assign error_o = ENABLED != 0 && remainder_q != CHECKSUM;
endmodule
`default_nettype wire
