// A code with SHIFT fraction bits fewer, rounded and saturated:
//
//   y = min(highest, max(lowest, R(x / 2^SHIFT)))
//
// as requantize() of engine/base/fixed_point.h defines it, bit for bit. Combinational.
//
//   IN_WIDTH    bits of x, two's complement
//   OUT_WIDTH   bits of y
//   OUT_SIGNED  1: y is two's complement, 0: unsigned
//   SHIFT       any integer; x is multiplied by 2^-SHIFT if negative
//   ROUNDING    0 nearest_even, 1 floor, 2 half_away (the order of engine::Rounding), 3 half_up (of two equally near
//               integers the one above)
`default_nettype none
module requantize #(
    parameter int IN_WIDTH   = 20,
    parameter int OUT_WIDTH  = 8,
    parameter int OUT_SIGNED = 1,
    parameter int SHIFT      = 3,
    parameter int ROUNDING   = 0
) (
    input  wire  [ IN_WIDTH-1:0] x_i,
    output logic [OUT_WIDTH-1:0] y_o
);
  // What is left of x and one bit for rounding up, and at least a sign above the bits of y.
  localparam int Kept = (IN_WIDTH > SHIFT) ? IN_WIDTH - SHIFT : 1;
  localparam int RoundedWidth = (Kept > OUT_WIDTH) ? Kept + 1 : OUT_WIDTH + 1;

  logic [RoundedWidth-1:0] rounded;

  generate
    if (SHIFT <= 0) begin : g_left
      assign rounded = RoundedWidth'($signed(x_i)) << (-SHIFT);
    end else begin : g_right
      logic [SHIFT+Kept-1:0] x;
      logic odd, half, below, up;
      assign x = (SHIFT + Kept)'($signed(x_i));
      assign odd = x[SHIFT];
      assign half = x[SHIFT-1];
      if (SHIFT > 1) begin : g_below
        assign below = |x[SHIFT-2:0];
      end else begin : g_none_below
        assign below = 1'b0;
      end
      assign up = ROUNDING == 0 ? half && (below || odd) :
                  ROUNDING == 2 ? half && (below || !x_i[IN_WIDTH-1]) :
                  ROUNDING == 3 ? half : 1'b0;
      assign rounded = RoundedWidth'($signed(x[SHIFT+:Kept])) + RoundedWidth'(up);
    end
  endgenerate

  logic negative;
  assign negative = rounded[RoundedWidth-1];

  generate
    if (OUT_SIGNED != 0) begin : g_signed
      logic [RoundedWidth-OUT_WIDTH:0] sign;  // the highest bit of y and those above it: equal if y holds the value
      assign sign = rounded[RoundedWidth-1:OUT_WIDTH-1];
      assign y_o = (&sign || ~|sign) ? rounded[OUT_WIDTH-1:0] : {negative, {(OUT_WIDTH - 1) {!negative}}};
    end else begin : g_unsigned
      assign y_o = negative ? '0 : (|rounded[RoundedWidth-1:OUT_WIDTH]) ? '1 : rounded[OUT_WIDTH-1:0];
    end
  endgenerate
endmodule
`default_nettype wire
