// Two words between a producer and a consumer: valid, data and ready all leave from registers, so that no path runs
// through. A word a cycle; 1 cycle of latency.
`default_nettype none
module skid_buffer #(
    parameter int WIDTH = 8
) (
    input  wire              clk_i,
    input  wire              rst_i,
    input  wire  [WIDTH-1:0] s_data_i,
    input  wire              s_valid_i,
    output logic             s_ready_o,
    output logic [WIDTH-1:0] m_data_o,
    output logic             m_valid_o,
    input  wire              m_ready_i
);
  // A word that arrives while the one before it waits is put aside.
  logic aside_valid_q;
  logic [WIDTH-1:0] aside_q;
  logic move;
  assign move = !m_valid_o || m_ready_i;
  assign s_ready_o = !aside_valid_q;

  always_ff @(posedge clk_i) begin
    if (s_ready_o) aside_q <= s_data_i;
    if (move) m_data_o <= aside_valid_q ? aside_q : s_data_i;
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      m_valid_o <= 1'b0;
      aside_valid_q <= 1'b0;
    end else if (move) begin
      m_valid_o <= s_valid_i || aside_valid_q;
      aside_valid_q <= 1'b0;
    end else begin
      aside_valid_q <= s_valid_i || aside_valid_q;
    end
  end

`ifdef VERILATOR
  hold : assert property (@(posedge clk_i) disable iff (rst_i)
      m_valid_o && !m_ready_i |=> m_valid_o && $stable(m_data_o));
`endif
endmodule
`default_nettype wire
