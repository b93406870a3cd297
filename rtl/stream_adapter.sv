// The same elements, S_LANES a beat on the way in, M_LANES a beat on the way out, in order. Elements arrive in multiples
// of the least common multiple of both. As fast as the narrower side; equal sides cost nothing.
//
//   WIDTH   bits of an element
`default_nettype none
module stream_adapter #(
    parameter int WIDTH   = 8,
    parameter int S_LANES = 4,
    parameter int M_LANES = 2
) (
    input  wire                      clk_i,
    input  wire                      rst_i,
    input  wire  [S_LANES*WIDTH-1:0] s_data_i,
    input  wire                      s_valid_i,
    output logic                     s_ready_o,
    output logic [M_LANES*WIDTH-1:0] m_data_o,
    output logic                     m_valid_o,
    input  wire                      m_ready_i
);
  // The least common multiple: the first multiple of S_LANES that M_LANES divides.
  function automatic int common_multiple(input int a, input int b);
    common_multiple = a;
    for (int i = 1; i < b; i++) begin
      if (common_multiple % b != 0) common_multiple = common_multiple + a;
    end
  endfunction
  localparam int Lanes = common_multiple(S_LANES, M_LANES);

  logic [Lanes*WIDTH-1:0] data;
  logic valid, ready;

  generate
    if (Lanes == S_LANES) begin : g_as_it_comes
      assign data = s_data_i;
      assign valid = s_valid_i;
      assign s_ready_o = ready;
    end else begin : g_gather
      stream_gather #(
          .WIDTH(S_LANES * WIDTH),
          .FACTOR(Lanes / S_LANES)
      ) i_gather (
          .clk_i,
          .rst_i,
          .s_data_i,
          .s_valid_i,
          .s_ready_o,
          .m_data_o(data),
          .m_valid_o(valid),
          .m_ready_i(ready)
      );
    end

    if (Lanes == M_LANES) begin : g_as_it_leaves
      assign m_data_o = data;
      assign m_valid_o = valid;
      assign ready = m_ready_i;
    end else begin : g_scatter
      stream_scatter #(
          .WIDTH(M_LANES * WIDTH),
          .FACTOR(Lanes / M_LANES)
      ) i_scatter (
          .clk_i,
          .rst_i,
          .s_data_i(data),
          .s_valid_i(valid),
          .s_ready_o(ready),
          .m_data_o,
          .m_valid_o,
          .m_ready_i
      );
    end

    if (S_LANES == M_LANES) begin : g_unclocked
      logic unused;
      assign unused = &{clk_i, rst_i};
    end
  endgenerate
endmodule
`default_nettype wire
