// Makes words of ELEMENTS elements from beats of LANES: element 0 of a word is in the lowest bits of its first beat.
//
//   valid_i, index_i   a beat, and which of its word: 0 to ELEMENTS / LANES - 1, in this order
//   valid_o, data_o    the word, in the cycle after its last beat
`default_nettype none
module word_gather #(
    parameter int LANES       = 1,
    parameter int ELEMENTS    = 8,
    parameter int WIDTH       = 8,
    parameter int INDEX_WIDTH = (ELEMENTS > LANES) ? $clog2(ELEMENTS / LANES) : 1
) (
    input  wire                       clk_i,
    input  wire                       rst_i,
    input  wire                       valid_i,
    input  wire  [   INDEX_WIDTH-1:0] index_i,
    input  wire  [   LANES*WIDTH-1:0] data_i,
    output logic                      valid_o,
    output logic [ELEMENTS*WIDTH-1:0] data_o
);
  localparam int Beats = ELEMENTS / LANES;
  always_ff @(posedge clk_i) begin
    valid_o <= !rst_i && valid_i && (Beats == 1 || index_i == INDEX_WIDTH'(Beats - 1));
    for (int b = 0; b < Beats; b++) begin
      if (valid_i && (Beats == 1 || index_i == INDEX_WIDTH'(b))) data_o[b*LANES*WIDTH+:LANES*WIDTH] <= data_i;
    end
  end
endmodule
`default_nettype wire
