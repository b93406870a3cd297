// Keeps the answers of a text and sends them as a packet: the word of status, then, unless it tells an error, OUTPUTS
// numbers a row, sign-extended to 32 bits.
//
//   valid_i ...   beats of LANES answers: number word_i LANES of row_i
//   start_i       send: status_i, and n_rows_i rows; all are there, and stay until done_o
//   m_data_o      {last, word}; valid never waits for ready
`default_nettype none
module answer_output #(
    parameter int OUTPUTS       = 2,
    parameter int ROWS          = 1,  // at most
    parameter int LANES         = 1,
    parameter int WIDTH         = 20,
    parameter int ROW_WIDTH     = 8,
    parameter int WORD_WIDTH    = 10,
    // Derived: not to be set.
    parameter int BEATS         = (OUTPUTS + LANES - 1) / LANES,
    parameter int DEPTH         = ROWS * BEATS,
    parameter int ADDRESS_WIDTH = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
    input  wire                    clk_i,
    input  wire                    rst_i,
    input  wire                    valid_i,
    // verilator lint_off UNUSEDSIGNAL
    input  wire  [  ROW_WIDTH-1:0] row_i,
    input  wire  [ WORD_WIDTH-1:0] word_i,
    // verilator lint_on UNUSEDSIGNAL
    input  wire  [LANES*WIDTH-1:0] data_i,
    input  wire                    start_i,
    input  wire  [           31:0] status_i,
    input  wire                    has_error_i,
    input  wire  [    ROW_WIDTH:0] n_rows_i,
    output logic                   done_o,
    output logic [           32:0] m_data_o,
    output logic                   m_valid_o,
    input  wire                    m_ready_i
);
  localparam int LaneWidth = (LANES > 1) ? $clog2(LANES) : 1;
  typedef enum logic [1:0] {
    Idle,
    Read,
    Give
  } state_t;
  state_t state_q;
  logic [1:0] step_q;
  logic [ADDRESS_WIDTH-1:0] address_q;
  logic [LaneWidth-1:0] lane_q;
  logic [WORD_WIDTH-1:0] output_q;
  logic [ROW_WIDTH:0] row_q;
  logic [LANES*WIDTH-1:0] word;
  logic [WIDTH-1:0] number;
  logic last_output, last_row;
  assign last_output = output_q == WORD_WIDTH'(OUTPUTS - 1);
  assign last_row = row_q == n_rows_i;
  always_comb begin
    number = word[WIDTH-1:0];
    for (int l = 1; l < LANES; l++) begin
      if (lane_q == LaneWidth'(l)) number = word[l*WIDTH+:WIDTH];
    end
  end

  memory_block #(
      .WIDTH(LANES * WIDTH),
      .DEPTH(DEPTH),
      .ADDRESS_WIDTH(ADDRESS_WIDTH)
  ) i_answers (
      .clk_i,
      .write_i(valid_i),
      .write_address_i((ROWS > 1 ? ADDRESS_WIDTH'(row_i) : '0) * ADDRESS_WIDTH'(BEATS) + ADDRESS_WIDTH'(word_i)),
      .data_i,
      .address_i(address_q),
      .data_o(word)
  );

  assign done_o = state_q == Give && m_ready_i && m_data_o[32];
  assign m_valid_o = state_q == Give;
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= Idle;
    end else begin
      case (state_q)
        Idle: if (start_i) state_q <= Give;
        Read: if (step_q == 2'd2) state_q <= Give;
        default: if (m_ready_i) state_q <= m_data_o[32] ? Idle : Read;
      endcase
    end
    step_q <= (state_q == Read) ? step_q + 1'b1 : 2'd0;
    if (state_q == Idle) begin
      address_q <= '0;
      lane_q <= '0;
      output_q <= '0;
      row_q <= (ROW_WIDTH + 1)'(1);
      m_data_o <= {has_error_i, status_i};
    end else if (state_q == Read && step_q == 2'd2) begin
      m_data_o <= {last_output && last_row, 32'($signed(number))};
      output_q <= last_output ? '0 : output_q + 1'b1;
      lane_q <= (last_output || lane_q == LaneWidth'(LANES - 1)) ? '0 : lane_q + 1'b1;
      if (last_output || lane_q == LaneWidth'(LANES - 1)) address_q <= address_q + 1'b1;
      if (last_output) row_q <= row_q + 1'b1;
    end
  end
endmodule
`default_nettype wire
