// Randomised leaky ReLU (Xu, Wang, Chen, Li: Empirical Evaluation of Rectified Activations in Convolution Network, 2015),
// LANES elements a beat: y = x for x >= 0, else R(slope x), with slopes over [1/8, 1/3]. Data, valid and ready pass
// through combinationally; random slopes advance with each accepted beat and begin again at reset.
//
//   MODE   0 eval     the mean slope, (1/8 + 1/3) / 2 as 939 / 2^12: what RReLU is at inference
//          1 lab      one slope a beat: (8 + ((state[3:0] * 13) >> 4)) / 2^6, rounding by floor; state is 8 bits, at
//                     reset SEED[7:0], then shifted left, its new bit 0 the parity of bits 7, 5, 4 and 3
//          2 uniform  an independent slope for each element: (512 + ((u * 855 + 427) >> 8)) / 2^12, u 8 random bits:
//                     byte l % 4 of generator l / 4 for lane l. Generator g is xorshift32 (Marsaglia 2003; 13, 17, 5),
//                     at reset ((SEED + (g + 1) * 0x9E3779B9) * 0x85EBCA6B) | 1 modulo 2^32
//   SEED      not 0 in mode lab
//   ROUNDING  of modes eval and uniform, as in requantize
`default_nettype none
module rrelu #(
    parameter int LANES    = 4,
    parameter int WIDTH    = 8,
    parameter int MODE     = 0,
    parameter bit [31:0] SEED = 172,
    parameter int ROUNDING = 0
) (
    input  wire                    clk_i,
    input  wire                    rst_i,
    input  wire  [LANES*WIDTH-1:0] s_data_i,
    input  wire                    s_valid_i,
    output logic                   s_ready_o,
    output logic [LANES*WIDTH-1:0] m_data_o,
    output logic                   m_valid_o,
    input  wire                    m_ready_i
);
  localparam int SlopeFrac = (MODE == 1) ? 6 : 12;
  localparam int SlopeWidth = SlopeFrac;  // slopes are below 1/2: a sign and the fraction but its highest bit
  localparam int SlopeRounding = (MODE == 1) ? 1 : ROUNDING;
  localparam int ProductWidth = WIDTH + SlopeWidth;

  logic [LANES*SlopeWidth-1:0] slopes;
  logic accept;
  assign accept = s_valid_i && m_ready_i;

  generate
    if (MODE == 1) begin : g_lab
      logic [7:0] state_q;
      for (genvar l = 0; l < LANES; l++) begin : g_lane
        assign slopes[l*SlopeWidth+:SlopeWidth] = SlopeWidth'(8) + SlopeWidth'((8'(state_q[3:0]) * 8'd13) >> 4);
      end
      always_ff @(posedge clk_i) begin
        if (rst_i) state_q <= 8'(SEED);
        else if (accept) state_q <= {state_q[6:0], state_q[7] ^ state_q[5] ^ state_q[4] ^ state_q[3]};
      end
    end else if (MODE == 2) begin : g_uniform
      for (genvar g = 0; 4 * g < LANES; g++) begin : g_generator
        localparam bit [31:0] Start = ((32'(SEED) + 32'(g + 1) * 32'h9E3779B9) * 32'h85EBCA6B) | 32'd1;
        logic [31:0] state_q, a, b, c;
        assign a = state_q ^ (state_q << 13);
        assign b = a ^ (a >> 17);
        assign c = b ^ (b << 5);
        always_ff @(posedge clk_i) begin
          if (rst_i) state_q <= Start;
          else if (accept) state_q <= c;
        end
        for (genvar l = 4 * g; l < 4 * g + 4 && l < LANES; l++) begin : g_lane
          assign slopes[l*SlopeWidth+:SlopeWidth] =
              SlopeWidth'(512) + SlopeWidth'((18'(state_q[(l%4)*8+:8]) * 18'd855 + 18'd427) >> 8);
        end
      end
    end else begin : g_eval
      logic unused;
      assign unused = &{clk_i, rst_i, accept};
      assign slopes = {LANES{SlopeWidth'(939)}};
    end

    for (genvar l = 0; l < LANES; l++) begin : g_lane
      logic signed [WIDTH-1:0] x;
      logic signed [SlopeWidth-1:0] slope;
      logic signed [ProductWidth-1:0] product;
      logic [WIDTH-1:0] scaled;
      assign x = s_data_i[l*WIDTH+:WIDTH];
      assign slope = slopes[l*SlopeWidth+:SlopeWidth];
      assign product = x * slope;
      requantize #(
          .IN_WIDTH(ProductWidth),
          .OUT_WIDTH(WIDTH),
          .SHIFT(SlopeFrac),
          .ROUNDING(SlopeRounding)
      ) i_requantize (
          .x_i(product),
          .y_o(scaled)
      );
      assign m_data_o[l*WIDTH+:WIDTH] = x[WIDTH-1] ? scaled : x;
    end
  endgenerate
  assign m_valid_o = s_valid_i;
  assign s_ready_o = m_ready_i;
endmodule
`default_nettype wire
