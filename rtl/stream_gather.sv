// FACTOR beats as one: the first in the lowest bits. A beat a cycle goes in; 1 cycle of latency after the last of them.
// s_ready_o depends on m_ready_i.
`default_nettype none
module stream_gather #(
    parameter int WIDTH  = 8,
    parameter int FACTOR = 2
) (
    input  wire                     clk_i,
    input  wire                     rst_i,
    input  wire  [       WIDTH-1:0] s_data_i,
    input  wire                     s_valid_i,
    output logic                    s_ready_o,
    output logic [FACTOR*WIDTH-1:0] m_data_o,
    output logic                    m_valid_o,
    input  wire                     m_ready_i
);
  localparam int CountWidth = (FACTOR > 1) ? $clog2(FACTOR) : 1;

  logic [CountWidth-1:0] count_q;
  logic last, accept;
  assign last = FACTOR == 1 || count_q == CountWidth'(FACTOR - 1);
  // The beats before the last are kept apart from the word that waits.
  assign s_ready_o = !last || !m_valid_o || m_ready_i;
  assign accept = s_valid_i && s_ready_o;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      count_q <= '0;
      m_valid_o <= 1'b0;
    end else begin
      if (accept) count_q <= last ? '0 : count_q + 1'b1;
      if (accept && last) m_valid_o <= 1'b1;
      else if (m_ready_i) m_valid_o <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) if (accept && last) m_data_o[(FACTOR-1)*WIDTH+:WIDTH] <= s_data_i;
  generate
    for (genvar i = 0; i < FACTOR - 1; i++) begin : g_beat
      logic [WIDTH-1:0] beat_q;
      always_ff @(posedge clk_i) begin
        if (accept && count_q == CountWidth'(i)) beat_q <= s_data_i;
        if (accept && last) m_data_o[i*WIDTH+:WIDTH] <= beat_q;
      end
    end
  endgenerate

`ifdef VERILATOR
  hold : assert property (@(posedge clk_i) disable iff (rst_i)
      m_valid_o && !m_ready_i |=> m_valid_o && $stable(m_data_o));
`endif
endmodule
`default_nettype wire
