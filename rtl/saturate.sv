// y = min(highest, max(lowest, x)), all in two's complement. Combinational.
//
//   x_i                   IN_WIDTH bits
//   lowest_i, highest_i   WIDTH bits, as has y_o; the result lies between them
`default_nettype none
module saturate #(
    parameter int IN_WIDTH = 24,
    parameter int WIDTH    = 9
) (
    input  wire  [IN_WIDTH-1:0] x_i,
    input  wire  [   WIDTH-1:0] lowest_i,
    input  wire  [   WIDTH-1:0] highest_i,
    output logic [   WIDTH-1:0] y_o
);
  localparam int Wide = (IN_WIDTH > WIDTH) ? IN_WIDTH : WIDTH;
  logic signed [Wide-1:0] x, lowest, highest;
  assign x = Wide'($signed(x_i));
  assign lowest = Wide'($signed(lowest_i));
  assign highest = Wide'($signed(highest_i));
  assign y_o = x < lowest ? lowest_i : x > highest ? highest_i : x[WIDTH-1:0];
endmodule
`default_nettype wire
