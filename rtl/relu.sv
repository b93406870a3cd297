// y = max(x, 0), LANES elements a beat. Combinational; valid and ready pass through.
`default_nettype none
module relu #(
    parameter int LANES = 4,
    parameter int WIDTH = 8
) (
    input  wire  [LANES*WIDTH-1:0] s_data_i,
    input  wire                    s_valid_i,
    output logic                   s_ready_o,
    output logic [LANES*WIDTH-1:0] m_data_o,
    output logic                   m_valid_o,
    input  wire                    m_ready_i
);
  generate
    for (genvar l = 0; l < LANES; l++) begin : g_lane
      assign m_data_o[l*WIDTH+:WIDTH] = s_data_i[l*WIDTH+WIDTH-1] ? '0 : s_data_i[l*WIDTH+:WIDTH];
    end
  endgenerate
  assign m_valid_o = s_valid_i;
  assign s_ready_o = m_ready_i;
endmodule
`default_nettype wire
