// Bytes onto a serial line: 8 data bits, lowest first, no parity, 1 stop bit.
//
//   CYCLES      clock cycles a bit
//   s_ready_o   low while a byte is being sent
`default_nettype none
module uart_tx #(
    parameter int CYCLES = 60
) (
    input  wire        clk_i,
    input  wire        rst_i,
    input  wire  [7:0] s_data_i,
    input  wire        s_valid_i,
    output logic       s_ready_o,
    output logic       tx_o
);
  localparam int CountWidth = $clog2(CYCLES);

  logic [8:0] rest_q;  // bits after the one on the line
  logic [3:0] left_q;  // bits that are left, the one on the line included
  logic [CountWidth-1:0] count_q;
  assign s_ready_o = left_q == '0;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      rest_q <= '1;
      left_q <= '0;
      count_q <= '0;
      tx_o <= 1'b1;
    end else if (s_ready_o) begin
      tx_o <= !s_valid_i;
      rest_q <= {1'b1, s_data_i};
      left_q <= s_valid_i ? 4'd10 : 4'd0;
      count_q <= CountWidth'(CYCLES - 1);
    end else if (count_q != '0) begin
      count_q <= count_q - 1'b1;
    end else begin
      tx_o <= rest_q[0];
      rest_q <= {1'b1, rest_q[8:1]};
      left_q <= left_q - 1'b1;
      count_q <= CountWidth'(CYCLES - 1);
    end
  end
endmodule
`default_nettype wire
