// Sums the normalised rows of a text, number by number: the numerators of their mean.
//
//   valid_i ...   beats of LANES numbers, word_i 0 to SIZE / LANES - 1, one row after another; `first_i`: the row begins a
//                 sum. A word comes again 4 cycles later at the earliest.
//   word_i of reading: data_o follows address_i by two cycles
`default_nettype none
module summary_unit #(
    parameter int SIZE       = 128,
    parameter int LANES      = 1,
    parameter int IN_WIDTH   = 8,
    parameter int WIDTH      = 16,
    // Derived: not to be set.
    parameter int WORDS      = SIZE / LANES,
    parameter int WORD_WIDTH = (WORDS > 1) ? $clog2(WORDS) : 1
) (
    input  wire                       clk_i,
    input  wire                       rst_i,
    input  wire                       valid_i,
    input  wire                       first_i,
    input  wire  [    WORD_WIDTH-1:0] word_i,
    input  wire  [LANES*IN_WIDTH-1:0] data_i,
    input  wire  [    WORD_WIDTH-1:0] address_i,
    output logic [   LANES*WIDTH-1:0] data_o
);
  // A sum is read while its number waits for it; then the summary itself may be read.
  logic [1:0] valid_q, first_q;
  logic [2*WORD_WIDTH-1:0] words_q;
  logic [2*LANES*IN_WIDTH-1:0] data_q;
  logic [LANES*WIDTH-1:0] sums_d;
  always_ff @(posedge clk_i) begin
    valid_q <= rst_i ? 2'b00 : {valid_q[0], valid_i};
    first_q <= {first_q[0], first_i};
    words_q <= {words_q[WORD_WIDTH-1:0], word_i};
    data_q  <= {data_q[LANES*IN_WIDTH-1:0], data_i};
  end

  generate
    for (genvar l = 0; l < LANES; l++) begin : g_lane
      assign sums_d[l*WIDTH+:WIDTH] = (first_q[1] ? '0 : data_o[l*WIDTH+:WIDTH]) +
                                      WIDTH'($signed(data_q[LANES*IN_WIDTH+l*IN_WIDTH+:IN_WIDTH]));
    end
  endgenerate

  memory_block #(
      .WIDTH(LANES * WIDTH),
      .DEPTH(1 << WORD_WIDTH)
  ) i_sums (
      .clk_i,
      .write_i(valid_q[1]),
      .write_address_i(words_q[WORD_WIDTH+:WORD_WIDTH]),
      .data_i(sums_d),
      .address_i(valid_i ? word_i : address_i),
      .data_o
  );
endmodule
`default_nettype wire
