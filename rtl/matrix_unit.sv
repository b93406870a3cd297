// PO sums of products, PI products each a cycle: the multipliers of an encoder core.
//
//   a_i       PI numbers of A_WIDTH bits: number i in bits [i * A_WIDTH +: A_WIDTH]
//   b_i       PO * PI numbers of B_WIDTH bits: the factor of number i in sum o in bits [(o * PI + i) * B_WIDTH +: B_WIDTH]
//   first_i, last_i   whether the products are the first or the last of their sums
//   sums_o    exact sums, in the cycle in which valid_o is high. Nothing waits: whoever takes them is ready.
//   Latency   from valid_i with last_i to valid_o: 3 cycles + those of adder_tree (1 up to PI = 4, 2 up to 16)
//
// All numbers are two's complement. Operands are registered before they are multiplied, so that no memory is in the path
// of a multiplier.
`default_nettype none
module matrix_unit #(
    parameter int PI        = 8,
    parameter int PO        = 8,
    parameter int A_WIDTH   = 17,
    parameter int B_WIDTH   = 8,
    parameter int SUM_WIDTH = 32
) (
    input  wire                         clk_i,
    input  wire                         rst_i,
    input  wire                         valid_i,
    input  wire                         first_i,
    input  wire                         last_i,
    input  wire  [      PI*A_WIDTH-1:0] a_i,
    input  wire  [   PO*PI*B_WIDTH-1:0] b_i,
    output logic                        valid_o,
    output logic [PO*SUM_WIDTH-1:0] sums_o
);
  localparam int ProductWidth = A_WIDTH + B_WIDTH;
  localparam int TreeWidth = ProductWidth + $clog2(PI);
  localparam int TreeStages = (PI > 4) ? ($clog2(PI) + 1) / 2 : 1;
  localparam int SumStage = 2 + TreeStages;  // where the tree's sum is, counted from the inputs as 0

  // ---- What accompanies the data: [s] belongs to stage s + 1.
  logic [SumStage-1:0] valid_q, first_q, last_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) valid_q <= '0;
    else valid_q <= {valid_q[SumStage-2:0], valid_i};
    first_q <= {first_q[SumStage-2:0], first_i};
    last_q  <= {last_q[SumStage-2:0], last_i};
  end
  always_ff @(posedge clk_i) valid_o <= !rst_i && valid_q[SumStage-1] && last_q[SumStage-1];

  logic [PI*A_WIDTH-1:0] a_q;
  logic [PO*PI*B_WIDTH-1:0] b_q;
  always_ff @(posedge clk_i) begin
    a_q <= a_i;
    b_q <= b_i;
  end

  generate
    for (genvar o = 0; o < PO; o++) begin : g_sum
      logic [PI*ProductWidth-1:0] products_q;
      for (genvar i = 0; i < PI; i++) begin : g_product
        logic signed [ProductWidth-1:0] product_q;
        always_ff @(posedge clk_i) begin
          product_q <= $signed(a_q[i*A_WIDTH+:A_WIDTH]) * $signed(b_q[(o*PI+i)*B_WIDTH+:B_WIDTH]);
        end
        assign products_q[i*ProductWidth+:ProductWidth] = product_q;
      end

      // verilator lint_off UNUSEDSIGNAL
      logic [TreeWidth-1:0] tree;  // can have more bits than the sums need
      // verilator lint_on UNUSEDSIGNAL
      adder_tree #(
          .N(PI),
          .WIDTH(ProductWidth)
      ) i_tree (
          .clk_i,
          .rst_i,
          .enable_i(1'b1),
          .terms_i(products_q),
          .sum_o(tree)
      );

      logic [SUM_WIDTH-1:0] sum_q;
      always_ff @(posedge clk_i) begin
        if (valid_q[SumStage-1]) sum_q <= (first_q[SumStage-1] ? '0 : sum_q) + SUM_WIDTH'($signed(tree));
      end
      assign sums_o[o*SUM_WIDTH+:SUM_WIDTH] = sum_q;
    end
  endgenerate
endmodule
`default_nettype wire
