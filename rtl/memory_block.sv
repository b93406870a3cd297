// A memory of one write port and one read port in block RAM. Data follow the read address by two cycles: the second is
// the register between the memory and what computes with it. A word that is written is there for addresses of the next
// cycle on.
//
//   SINGLE   1: nothing is read in a cycle in which a word is written, so that one port serves. A tool that defines
//            SINGLE_PORT_RAM then puts it into the large RAMs of one port that a chip has (of ice40, SB_SPRAM256KA).
`default_nettype none
module memory_block #(
    parameter int WIDTH         = 8,
    parameter int DEPTH         = 512,
    parameter int SINGLE        = 0,
    parameter int ADDRESS_WIDTH = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
    input  wire                      clk_i,
    input  wire                      write_i,
    input  wire  [ADDRESS_WIDTH-1:0] write_address_i,
    input  wire  [        WIDTH-1:0] data_i,
    input  wire  [ADDRESS_WIDTH-1:0] address_i,
    output logic [        WIDTH-1:0] data_o
);
  // An address that nobody means can lie beyond the end: simulators differ in what they make of it.
  logic [ADDRESS_WIDTH-1:0] address;
  logic [WIDTH-1:0] word_q;
  generate
    if ((1 << ADDRESS_WIDTH) > DEPTH && DEPTH > 1) begin : g_bounded
      assign address = (address_i < ADDRESS_WIDTH'(DEPTH)) ? address_i : '0;
    end else begin : g_whole
      assign address = address_i;
    end
    // In parts as equal as they can be.
    localparam int Parts = (WIDTH + 35) / 36, PartWidth = (WIDTH + Parts - 1) / Parts;
    if (SINGLE != 0) begin : g_single
      for (genvar p = 0; p < Parts; p++) begin : g_part
        localparam int Bits = (WIDTH - p * PartWidth < PartWidth) ? WIDTH - p * PartWidth : PartWidth;
`ifdef SINGLE_PORT_RAM
        (* ram_style = "huge" *)
`endif
        logic [Bits-1:0] words[0:DEPTH-1];
        logic [ADDRESS_WIDTH-1:0] at;
        assign at = write_i ? write_address_i : address;
        always_ff @(posedge clk_i) begin
          if (write_i) words[at] <= data_i[p*PartWidth+:Bits];
          else word_q[p*PartWidth+:Bits] <= words[at];
        end
`ifndef SYNTHESIS
        // What was never written is multiplied by 0, which for a simulator must be a number.
        initial for (int w = 0; w < DEPTH; w++) words[w] = '0;
`endif
      end
    end else begin : g_double
      split_ram #(
          .WIDTH(WIDTH),
          .DEPTH(DEPTH),
          .ADDRESS_WIDTH(ADDRESS_WIDTH),
          .PART_WIDTH(PartWidth)
      ) i_words (
          .clk_i,
          .write_i,
          .write_address_i,
          .data_i,
          .enable_i(1'b1),
          .address_i(address),
          .data_o(word_q)
      );
    end
  endgenerate
  always_ff @(posedge clk_i) data_o <= word_q;
endmodule
`default_nettype wire
