// y = x for x >= 0, else requantize(SLOPE x): LANES elements a beat. Combinational; valid and ready pass through.
//
//   SLOPE       of negative x, a code of SLOPE_FRAC fraction bits, >= 0
//   ROUNDING    as in requantize
`default_nettype none
module leaky_relu #(
    parameter int LANES      = 4,
    parameter int WIDTH      = 8,
    parameter int SLOPE      = 1,
    parameter int SLOPE_FRAC = 3,
    parameter int ROUNDING   = 0
) (
    input  wire  [LANES*WIDTH-1:0] s_data_i,
    input  wire                    s_valid_i,
    output logic                   s_ready_o,
    output logic [LANES*WIDTH-1:0] m_data_o,
    output logic                   m_valid_o,
    input  wire                    m_ready_i
);
  localparam int SlopeWidth = $clog2(SLOPE + 1) + 1;  // with a sign
  localparam int ProductWidth = WIDTH + SlopeWidth;

  generate
    for (genvar l = 0; l < LANES; l++) begin : g_lane
      logic signed [WIDTH-1:0] x;
      logic signed [ProductWidth-1:0] product;
      logic [WIDTH-1:0] scaled;
      assign x = s_data_i[l*WIDTH+:WIDTH];
      assign product = x * $signed(SlopeWidth'(SLOPE));
      requantize #(
          .IN_WIDTH(ProductWidth),
          .OUT_WIDTH(WIDTH),
          .SHIFT(SLOPE_FRAC),
          .ROUNDING(ROUNDING)
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
