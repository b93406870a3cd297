// A queue of DEPTH + 1 words: a memory that synthesis can put into block RAM, and its output register. A word a cycle;
// 2 cycles of latency. s_ready_o is a register's.
//
//   DEPTH   words in the memory, >= 1, any number
`default_nettype none
module fifo #(
    parameter int WIDTH = 8,
    parameter int DEPTH = 16
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
  localparam int IndexWidth = (DEPTH > 1) ? $clog2(DEPTH) : 1;
  localparam int CountWidth = $clog2(DEPTH + 1);

  logic [IndexWidth-1:0] write_index_q, read_index_q;
  logic [CountWidth-1:0] count_q;
  logic write, read;
  assign s_ready_o = count_q != CountWidth'(DEPTH);
  assign write = s_valid_i && s_ready_o;
  assign read = (count_q != '0) && (!m_valid_o || m_ready_i);

  split_ram #(
      .WIDTH(WIDTH),
      .DEPTH(1 << IndexWidth)
  ) i_words (
      .clk_i,
      .write_i(write),
      .write_address_i(write_index_q),
      .data_i(s_data_i),
      .enable_i(read),
      .address_i(read_index_q),
      .data_o(m_data_o)
  );

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      write_index_q <= '0;
      read_index_q <= '0;
      count_q <= '0;
      m_valid_o <= 1'b0;
    end else begin
      if (write) write_index_q <= (write_index_q == IndexWidth'(DEPTH - 1)) ? '0 : write_index_q + 1'b1;
      if (read) read_index_q <= (read_index_q == IndexWidth'(DEPTH - 1)) ? '0 : read_index_q + 1'b1;
      if (write && !read) count_q <= count_q + 1'b1;
      if (read && !write) count_q <= count_q - 1'b1;
      if (read) m_valid_o <= 1'b1;
      else if (m_ready_i) m_valid_o <= 1'b0;
    end
  end

`ifdef VERILATOR
  hold : assert property (@(posedge clk_i) disable iff (rst_i)
      m_valid_o && !m_ready_i |=> m_valid_o && $stable(m_data_o));
`endif
endmodule
`default_nettype wire
