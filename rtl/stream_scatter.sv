// A word as FACTOR beats: the lowest bits first. A beat a cycle comes out; 1 cycle of latency. s_ready_o depends on
// m_ready_i.
`default_nettype none
module stream_scatter #(
    parameter int WIDTH  = 8,
    parameter int FACTOR = 2
) (
    input  wire                     clk_i,
    input  wire                     rst_i,
    input  wire  [FACTOR*WIDTH-1:0] s_data_i,
    input  wire                     s_valid_i,
    output logic                    s_ready_o,
    output logic [       WIDTH-1:0] m_data_o,
    output logic                    m_valid_o,
    input  wire                     m_ready_i
);
  localparam int CountWidth = (FACTOR > 1) ? $clog2(FACTOR) : 1;

  logic [CountWidth-1:0] count_q;
  logic [FACTOR*WIDTH-1:0] word_q;
  logic last;
  assign last = FACTOR == 1 || count_q == CountWidth'(FACTOR - 1);
  assign m_data_o = word_q[WIDTH-1:0];
  assign s_ready_o = !m_valid_o || (last && m_ready_i);

  always_ff @(posedge clk_i) begin
    if (s_ready_o) word_q <= s_data_i;
    else if (m_ready_i) word_q <= word_q >> WIDTH;
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      count_q <= '0;
      m_valid_o <= 1'b0;
    end else begin
      if (s_ready_o) m_valid_o <= s_valid_i;
      if (m_valid_o && m_ready_i) count_q <= last ? '0 : count_q + 1'b1;
    end
  end

`ifdef VERILATOR
  hold : assert property (@(posedge clk_i) disable iff (rst_i)
      m_valid_o && !m_ready_i |=> m_valid_o && $stable(m_data_o));
`endif
endmodule
`default_nettype wire
