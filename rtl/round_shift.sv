// R(x / 2^SHIFT) for a rounding that is chosen while it runs: round_shift() of engine/base/fixed_point.h. Combinational.
//
//   x_i          WIDTH bits, two's complement; WIDTH > SHIFT >= 1
//   rounding_i   0 nearest_even, 1 floor, 2 half_away (the order of engine::Rounding)
//   y_o          WIDTH - SHIFT + 1 bits
`default_nettype none
module round_shift #(
    parameter int WIDTH = 40,
    parameter int SHIFT = 16
) (
    input  wire  [      WIDTH-1:0] x_i,
    input  wire  [            1:0] rounding_i,
    output logic [WIDTH-SHIFT:0] y_o
);
  logic half, below, up;
  assign half = x_i[SHIFT-1];
  generate
    if (SHIFT > 1) begin : g_below
      assign below = |x_i[SHIFT-2:0];
    end else begin : g_none_below
      assign below = 1'b0;
    end
  endgenerate
  assign up = rounding_i == 2'd0 ? half && (below || x_i[SHIFT]) :
              rounding_i == 2'd2 ? half && (below || !x_i[WIDTH-1]) : 1'b0;
  assign y_o = (WIDTH - SHIFT + 1)'($signed(x_i[WIDTH-1:SHIFT])) + (WIDTH - SHIFT + 1)'(up);
endmodule
`default_nettype wire
