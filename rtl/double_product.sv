// Two products with one factor in common, a * b0 and a * b1, by one multiplier, a cycle after the factors.
//
//   A_WIDTH, B_WIDTH   bits of a, and of b0 and b1; all are two's complement. In one multiplier of a chip if one side of it
//                      has A_WIDTH + 2 * B_WIDTH + 1 bits and the other A_WIDTH: 25 x 18 of a DSP48E1 up to 8 and 8,
//                      18 x 18 of a MULT18X18D up to 8 and 4, 16 x 16 of an SB_MAC16 up to 8 and 3
//
// Proof, with A, B for the widths and S = A + B. The multiplier is given b = b1 2^S + b0. As |b1| and |b0| are at most
// 2^(B-1), |b| is at most 2^(S+B-1) + 2^(B-1), less than 2^(S+B): b has S + B + 1 = A + 2 B + 1 bits. It gives
//   a b = (a b1) 2^S + a b0   with   |a b0| <= 2^(S-2) < 2^(S-1)   and   |a b1| <= 2^(S-2).
// So the lowest S bits of a b, in two's complement, are a b0. Above them is a b1, or a b1 - 1 if a b0 < 0: it borrowed
// from them. Its sign, bit S - 1 of a b, gives that back. S bits hold a b1.
`default_nettype none
module double_product #(
    parameter int A_WIDTH = 8,
    parameter int B_WIDTH = 8,
    // Derived: not to be set.
    parameter int PRODUCT_WIDTH = A_WIDTH + B_WIDTH
) (
    input  wire                      clk_i,
    input  wire                      enable_i,
    input  wire  [      A_WIDTH-1:0] a_i,
    input  wire  [      B_WIDTH-1:0] b0_i,
    input  wire  [      B_WIDTH-1:0] b1_i,
    output logic [PRODUCT_WIDTH-1:0] product0_o,
    output logic [PRODUCT_WIDTH-1:0] product1_o
);
  localparam int S = PRODUCT_WIDTH;
  localparam int PackedWidth = S + B_WIDTH + 1;
  localparam int BothWidth = 2 * S;  // that a b1 has above a b0; the highest bits of a b are its sign

  logic signed [PackedWidth-1:0] b;
  assign b = $signed({b1_i, S'(0)}) + PackedWidth'($signed(b0_i));

  // verilator lint_off UNUSEDSIGNAL
  logic signed [A_WIDTH+PackedWidth-1:0] both_q;
  // verilator lint_on UNUSEDSIGNAL
  always_ff @(posedge clk_i) if (enable_i) both_q <= $signed(a_i) * b;

  assign product0_o = both_q[S-1:0];
  assign product1_o = both_q[BothWidth-1:S] + S'(both_q[S-1]);
endmodule
`default_nettype wire
