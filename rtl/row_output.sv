// Sends the rows of a text as a packet: the word of status, then, unless it tells an error, the words of the memory.
//
//   start_i       send: status_i, and n_rows_i rows; both stay until done_o
//   address_o     of the memory's words; word_i follows by two cycles. A word takes 4 cycles.
//   m_data_o      {last, word}, of at least 32 bits; valid never waits for ready
//
// It costs a counter and a register of a word.
`default_nettype none
module row_output #(
    parameter int LONGEST       = 256,
    parameter int WORDS         = 16,  // of a row
    parameter int WIDTH         = 64,
    // Derived: not to be set.
    parameter int N_WIDTH       = $clog2(LONGEST + 1),
    parameter int ADDRESS_WIDTH = (LONGEST * WORDS > 1) ? $clog2(LONGEST * WORDS) : 1,
    parameter int OUT_WIDTH     = (WIDTH > 32) ? WIDTH : 32
) (
    input  wire                      clk_i,
    input  wire                      rst_i,
    input  wire                      start_i,
    input  wire  [             31:0] status_i,
    input  wire                      has_error_i,
    input  wire  [      N_WIDTH-1:0] n_rows_i,
    output logic [ADDRESS_WIDTH-1:0] address_o,
    input  wire  [        WIDTH-1:0] word_i,
    output logic                     done_o,
    output logic [      OUT_WIDTH:0] m_data_o,
    output logic                     m_valid_o,
    input  wire                      m_ready_i
);
  localparam int WordWidth = (WORDS > 1) ? $clog2(WORDS) : 1;
  typedef enum logic [1:0] {
    Idle,
    Read,
    Give
  } state_t;
  state_t state_q;
  logic [1:0] step_q;
  logic [WordWidth-1:0] word_q;
  logic [N_WIDTH-1:0] row_q;  // from 1
  logic ends_row;
  logic [OUT_WIDTH-1:0] status, word;
  assign status = OUT_WIDTH'(status_i);
  assign word = OUT_WIDTH'(word_i);
  assign ends_row = WORDS == 1 || word_q == WordWidth'(WORDS - 1);

  assign done_o = state_q == Give && m_ready_i && m_data_o[OUT_WIDTH];
  assign m_valid_o = state_q == Give;
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= Idle;
    end else begin
      case (state_q)
        Idle: if (start_i) state_q <= Give;
        Read: if (step_q == 2'd2) state_q <= Give;
        default: if (m_ready_i) state_q <= m_data_o[OUT_WIDTH] ? Idle : Read;
      endcase
    end
    step_q <= (state_q == Read) ? step_q + 1'b1 : 2'd0;
    if (state_q == Idle) begin
      address_o <= '0;
      word_q <= '0;
      row_q <= N_WIDTH'(1);
      m_data_o <= {has_error_i, status};
    end else if (state_q == Read && step_q == 2'd2) begin
      m_data_o <= {ends_row && row_q == n_rows_i, word};
      address_o <= address_o + 1'b1;
      word_q <= ends_row ? '0 : word_q + 1'b1;
      if (ends_row) row_q <= row_q + 1'b1;
    end
  end
endmodule
`default_nettype wire
