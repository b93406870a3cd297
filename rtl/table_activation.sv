// Any function of one code as a table: LANES elements a beat, a beat a cycle, 1 cycle of latency. Two lanes share a
// memory with two read ports.
//
//   FILE    2^IN_WIDTH words of OUT_WIDTH bits for $readmemh (see rom_block): word a is the code of the value at the
//           input code whose bits, read as an unsigned number, are a. Non-negative codes so precede negative ones.
`default_nettype none
module table_activation #(
    parameter int LANES     = 4,
    parameter int IN_WIDTH  = 8,
    parameter int OUT_WIDTH = 8,
    parameter     FILE      = "table.mem"
) (
    input  wire                        clk_i,
    input  wire                        rst_i,
    input  wire  [ LANES*IN_WIDTH-1:0] s_data_i,
    input  wire                        s_valid_i,
    output logic                       s_ready_o,
    output logic [LANES*OUT_WIDTH-1:0] m_data_o,
    output logic                       m_valid_o,
    input  wire                        m_ready_i
);
  logic enable;
  assign enable = !m_valid_o || m_ready_i;
  assign s_ready_o = enable;

  generate
    for (genvar l = 0; l < LANES; l = l + 2) begin : g_pair
      logic [OUT_WIDTH-1:0] words[0:(1<<IN_WIDTH)-1];
      initial $readmemh(FILE, words);
      always_ff @(posedge clk_i) begin
        if (enable) m_data_o[l*OUT_WIDTH+:OUT_WIDTH] <= words[s_data_i[l*IN_WIDTH+:IN_WIDTH]];
      end
      if (l + 1 < LANES) begin : g_second
        always_ff @(posedge clk_i) begin
          if (enable) m_data_o[(l+1)*OUT_WIDTH+:OUT_WIDTH] <= words[s_data_i[(l+1)*IN_WIDTH+:IN_WIDTH]];
        end
      end
    end
  endgenerate

  always_ff @(posedge clk_i) begin
    if (rst_i) m_valid_o <= 1'b0;
    else if (enable) m_valid_o <= s_valid_i;
  end

`ifdef VERILATOR
  hold : assert property (@(posedge clk_i) disable iff (rst_i)
      m_valid_o && !m_ready_i |=> m_valid_o && $stable(m_data_o));
`endif
endmodule
`default_nettype wire
