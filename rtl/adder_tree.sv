// The sum of N numbers, in ceil(log2(N) / 2) cycles, at least 1: a register after every two levels of adders, which is
// reset so that synthesis makes no shift registers of the low bits (see linear).
//
//   N           numbers, WIDTH bits each, two's complement: number i in bits [i * WIDTH +: WIDTH]
//   SUM_WIDTH   bits of the sum, at least WIDTH + $clog2(N) to be exact
`default_nettype none
module adder_tree #(
    parameter int N         = 4,
    parameter int WIDTH     = 16,
    parameter int SUM_WIDTH = WIDTH + $clog2(N)
) (
    input  wire                  clk_i,
    input  wire                  rst_i,
    input  wire                  enable_i,
    input  wire  [  N*WIDTH-1:0] terms_i,
    output logic [SUM_WIDTH-1:0] sum_o
);
  localparam int Quads = (N + 3) / 4;

  logic [Quads*SUM_WIDTH-1:0] quads_q;
  generate
    for (genvar q = 0; q < Quads; q++) begin : g_quad
      localparam int Terms = (N - 4 * q < 4) ? N - 4 * q : 4;
      logic [SUM_WIDTH-1:0] sum_d;
      always_comb begin
        sum_d = '0;
        for (int i = 0; i < Terms; i++) sum_d = sum_d + SUM_WIDTH'($signed(terms_i[(4*q+i)*WIDTH+:WIDTH]));
      end
      always_ff @(posedge clk_i) begin
        if (rst_i) quads_q[q*SUM_WIDTH+:SUM_WIDTH] <= '0;
        else if (enable_i) quads_q[q*SUM_WIDTH+:SUM_WIDTH] <= sum_d;
      end
    end

    if (Quads == 1) begin : g_sum
      assign sum_o = quads_q;
    end else begin : g_next
      adder_tree #(
          .N(Quads),
          .WIDTH(SUM_WIDTH),
          .SUM_WIDTH(SUM_WIDTH)
      ) i_next (
          .clk_i,
          .rst_i,
          .enable_i,
          .terms_i(quads_q),
          .sum_o
      );
    end
  endgenerate
endmodule
`default_nettype wire
