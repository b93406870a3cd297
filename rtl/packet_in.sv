// Vectors of BEATS beats out of packets, whose last beat s_last_i marks: as many vectors as packets. A packet that ends
// early is filled up with beats of zeros; what a packet has beyond BEATS is dropped. No cycle of latency.
//
//   fault_o   a register: some packet since the reset was not BEATS long
`default_nettype none
module packet_in #(
    parameter int WIDTH = 8,
    parameter int BEATS = 4
) (
    input  wire              clk_i,
    input  wire              rst_i,
    input  wire  [WIDTH-1:0] s_data_i,
    input  wire              s_last_i,
    input  wire              s_valid_i,
    output logic             s_ready_o,
    output logic [WIDTH-1:0] m_data_o,
    output logic             m_valid_o,
    input  wire              m_ready_i,
    output logic             fault_o
);
  localparam int IndexWidth = (BEATS > 1) ? $clog2(BEATS) : 1;

  logic fill_q, drop_q;  // the packet has ended before the vector; the vector before the packet
  logic [IndexWidth-1:0] index_q;
  logic move, taken, is_end;
  assign m_valid_o = fill_q || (s_valid_i && !drop_q);
  assign m_data_o = fill_q ? '0 : s_data_i;
  assign s_ready_o = drop_q || (!fill_q && m_ready_i);
  assign move = m_valid_o && m_ready_i;
  assign taken = s_valid_i && s_ready_o;
  assign is_end = index_q == IndexWidth'(BEATS - 1);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      fill_q  <= 1'b0;
      drop_q  <= 1'b0;
      fault_o <= 1'b0;
      index_q <= '0;
    end else begin
      if (move) index_q <= is_end ? '0 : index_q + 1'b1;
      if (fill_q) fill_q <= !(move && is_end);
      else if (drop_q) drop_q <= !(taken && s_last_i);
      else if (taken && s_last_i != is_end) begin
        fill_q  <= s_last_i;
        drop_q  <= is_end;
        fault_o <= 1'b1;
      end
    end
  end

`ifdef VERILATOR
  ends : assert property (@(posedge clk_i) disable iff (rst_i) !(fill_q && drop_q));
`endif
endmodule
`default_nettype wire
