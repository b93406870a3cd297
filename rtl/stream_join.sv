// A word from each of N producers as one word: producer i in bits [i * WIDTH +: WIDTH]. Each has a register of its own,
// so that none waits for another one's valid. A word a cycle; 1 cycle of latency; s_ready_o depends on m_ready_i.
`default_nettype none
module stream_join #(
    parameter int WIDTH = 8,
    parameter int N     = 2
) (
    input  wire                clk_i,
    input  wire                rst_i,
    input  wire  [N*WIDTH-1:0] s_data_i,
    input  wire  [      N-1:0] s_valid_i,
    output logic [      N-1:0] s_ready_o,
    output logic [N*WIDTH-1:0] m_data_o,
    output logic               m_valid_o,
    input  wire                m_ready_i
);
  logic [N-1:0] full_q;
  logic leave;
  assign m_valid_o = &full_q;
  assign leave = m_valid_o && m_ready_i;
  assign s_ready_o = ~full_q | {N{leave}};

  always_ff @(posedge clk_i) begin
    if (rst_i) full_q <= '0;
    else full_q <= (full_q & ~{N{leave}}) | (s_valid_i & s_ready_o);
  end

  generate
    for (genvar i = 0; i < N; i++) begin : g_producer
      always_ff @(posedge clk_i) if (s_ready_o[i]) m_data_o[i*WIDTH+:WIDTH] <= s_data_i[i*WIDTH+:WIDTH];
    end
  endgenerate

`ifdef VERILATOR
  hold : assert property (@(posedge clk_i) disable iff (rst_i)
      m_valid_o && !m_ready_i |=> m_valid_o && $stable(m_data_o));
`endif
endmodule
`default_nettype wire
