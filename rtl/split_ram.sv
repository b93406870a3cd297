// A memory of one write port and one read port. Data follow the read address by one cycle in which it is enabled. A word
// that is written is there for addresses of the next cycle on. It is kept in parts of at most 36 bits: of a wider RAM
// Yosys 0.23 loses bits in RAMB36E1 (its map of simple dual ports ties parity inputs 4 to 7 to those of the lower half), and
// no chip has a RAM of two ports that is wider and takes less for it.
//
//   PART_WIDTH   1 to 36: bits of a part; the last one has what is left
`default_nettype none
module split_ram #(
    parameter int WIDTH         = 8,
    parameter int DEPTH         = 16,
    parameter int ADDRESS_WIDTH = (DEPTH > 1) ? $clog2(DEPTH) : 1,
    parameter int PART_WIDTH    = 36
) (
    input  wire                      clk_i,
    input  wire                      write_i,
    input  wire  [ADDRESS_WIDTH-1:0] write_address_i,
    input  wire  [        WIDTH-1:0] data_i,
    input  wire                      enable_i,
    input  wire  [ADDRESS_WIDTH-1:0] address_i,
    output logic [        WIDTH-1:0] data_o
);
  generate
    for (genvar first = 0; first < WIDTH; first = first + PART_WIDTH) begin : g_part
      localparam int Bits = (WIDTH - first < PART_WIDTH) ? WIDTH - first : PART_WIDTH;
      (* no_rw_check *)
      logic [Bits-1:0] words[0:DEPTH-1];
      always_ff @(posedge clk_i) if (write_i) words[write_address_i] <= data_i[first+:Bits];
      always_ff @(posedge clk_i) if (enable_i) data_o[first+:Bits] <= words[address_i];
`ifndef SYNTHESIS
      // What was never written is multiplied by 0, which for a simulator must be a number.
      initial for (int w = 0; w < DEPTH; w++) words[w] = '0;
`endif
    end
  endgenerate
endmodule
`default_nettype wire
