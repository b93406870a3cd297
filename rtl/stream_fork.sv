// Every word to each of N consumers, each of which takes it when it likes: which ones already have is kept. The word is
// accepted with the last one. Valid waits for no ready; s_ready_o depends on m_ready_i.
//
//   m_data_o   the same for all
`default_nettype none
module stream_fork #(
    parameter int WIDTH = 8,
    parameter int N     = 2
) (
    input  wire              clk_i,
    input  wire              rst_i,
    input  wire  [WIDTH-1:0] s_data_i,
    input  wire              s_valid_i,
    output logic             s_ready_o,
    output logic [WIDTH-1:0] m_data_o,
    output logic [    N-1:0] m_valid_o,
    input  wire  [    N-1:0] m_ready_i
);
  logic [N-1:0] taken_q;
  assign m_data_o = s_data_i;
  assign m_valid_o = {N{s_valid_i}} & ~taken_q;
  assign s_ready_o = &(taken_q | m_ready_i);

  always_ff @(posedge clk_i) begin
    if (rst_i || (s_valid_i && s_ready_o)) taken_q <= '0;
    else taken_q <= taken_q | (m_valid_o & m_ready_i);
  end
endmodule
`default_nettype wire
