// Bytes from a serial line: 8 data bits, lowest first, no parity, 1 stop bit. Each bit is read in its middle.
//
//   CYCLES    clock cycles a bit, at least 4
//   valid_o   for one cycle: data_o is a byte; there is no ready, as nobody can stop the line
//   fault_o   for one cycle: a stop bit was missing, and its byte is lost
//   rx_i      may change at any time
`default_nettype none
module uart_rx #(
    parameter int CYCLES = 60
) (
    input  wire        clk_i,
    input  wire        rst_i,
    input  wire        rx_i,
    output logic [7:0] data_o,
    output logic       valid_o,
    output logic       fault_o
);
  localparam int CountWidth = $clog2(CYCLES);

  logic [1:0] line_q;  // two registers make a bit of a change that came in mid-edge
  logic [CountWidth-1:0] count_q;  // cycles until the next bit is read
  logic [3:0] bit_q;  // 0: start bit, 1 to 8: data, 9: stop bit
  logic busy_q, take;
  assign take = busy_q && count_q == '0;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      line_q <= 2'b11;
      count_q <= '0;
      bit_q <= '0;
      busy_q <= 1'b0;
      valid_o <= 1'b0;
      fault_o <= 1'b0;
    end else begin
      line_q  <= {line_q[0], rx_i};
      valid_o <= take && bit_q == 4'd9 && line_q[1];
      fault_o <= take && bit_q == 4'd9 && !line_q[1];
      if (!busy_q) begin
        busy_q  <= !line_q[1];
        count_q <= CountWidth'(CYCLES / 2 - 1);
        bit_q   <= '0;
      end else if (!take) begin
        count_q <= count_q - 1'b1;
      end else begin
        count_q <= CountWidth'(CYCLES - 1);
        bit_q   <= bit_q + 1'b1;
        if (bit_q == 4'd9 || (bit_q == 4'd0 && line_q[1])) busy_q <= 1'b0;  // the end, or no start bit but a spike
      end
    end
  end

  always_ff @(posedge clk_i) if (take && bit_q != 4'd9) data_o <= {line_q[1], data_o[7:1]};
endmodule
`default_nettype wire
