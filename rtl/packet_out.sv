// Packets out of vectors of BEATS beats: marks the last beat of each. No cycle of latency.
`default_nettype none
module packet_out #(
    parameter int WIDTH = 8,
    parameter int BEATS = 4
) (
    input  wire              clk_i,
    input  wire              rst_i,
    input  wire  [WIDTH-1:0] s_data_i,
    input  wire              s_valid_i,
    output logic             s_ready_o,
    output logic [WIDTH-1:0] m_data_o,
    output logic             m_last_o,
    output logic             m_valid_o,
    input  wire              m_ready_i
);
  localparam int IndexWidth = (BEATS > 1) ? $clog2(BEATS) : 1;

  logic [IndexWidth-1:0] index_q;
  assign m_data_o  = s_data_i;
  assign m_valid_o = s_valid_i;
  assign s_ready_o = m_ready_i;
  assign m_last_o  = index_q == IndexWidth'(BEATS - 1);

  always_ff @(posedge clk_i) begin
    if (rst_i) index_q <= '0;
    else if (s_valid_i && m_ready_i) index_q <= m_last_o ? '0 : index_q + 1'b1;
  end
endmodule
`default_nettype wire
