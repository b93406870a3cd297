// Takes texts as rows of codes, a packet each, and puts them into the memory of rows. A text is computed before the next
// one comes in: its rows are overwritten in place.
//
//   s_data_i     {last, a word of the memory}; WORDS of them are a row. A packet whose last beat does not say so goes on
//                in the next one. s_ready_o is a register.
//   write_o ...  the word, and its place
//   valid_o      a text is whole: n_o rows; error_o 0, or what is wrong with it: 1 it has more than LONGEST rows,
//                2 its last row is not whole. n_o is then the rows that were kept.
//   done_i       the text is not needed any more
//
// It costs two counters.
`default_nettype none
module row_input #(
    parameter int LONGEST       = 256,
    parameter int WORDS         = 16,
    parameter int WIDTH         = 64,
    // Derived: not to be set.
    parameter int N_WIDTH       = $clog2(LONGEST + 1),
    parameter int ADDRESS_WIDTH = (LONGEST * WORDS > 1) ? $clog2(LONGEST * WORDS) : 1
) (
    input  wire                      clk_i,
    input  wire                      rst_i,
    input  wire  [          WIDTH:0] s_data_i,
    input  wire                      s_valid_i,
    output logic                     s_ready_o,
    output logic                     write_o,
    output logic [ADDRESS_WIDTH-1:0] write_address_o,
    output logic [        WIDTH-1:0] data_o,
    output logic                     valid_o,
    output logic [      N_WIDTH-1:0] n_o,
    output logic [              1:0] error_o,
    input  wire                      done_i
);
  localparam int WordWidth = (WORDS > 1) ? $clog2(WORDS) : 1;
  logic valid_q, takes, has_room, ends_row;
  logic [N_WIDTH-1:0] n_q;
  logic [WordWidth-1:0] word_q;
  logic [1:0] error_q;
  assign takes = s_valid_i && !valid_q;
  assign has_room = n_q != N_WIDTH'(LONGEST);
  assign ends_row = WORDS == 1 || word_q == WordWidth'(WORDS - 1);

  always_ff @(posedge clk_i) begin
    if (rst_i || done_i) begin
      valid_q <= 1'b0;
      n_q <= '0;
      word_q <= '0;
      error_q <= 2'd0;
    end else if (takes) begin
      valid_q <= s_data_i[WIDTH];
      if (has_room) word_q <= ends_row ? '0 : word_q + 1'b1;
      if (has_room && ends_row) n_q <= n_q + 1'b1;
      if (!has_room) error_q <= 2'd1;
      else if (s_data_i[WIDTH] && !ends_row) error_q <= 2'd2;
    end
    if (rst_i || done_i) write_address_o <= '0;
    else if (write_o) write_address_o <= write_address_o + 1'b1;
  end

  assign s_ready_o = !valid_q;
  assign write_o = takes && has_room;
  assign data_o = s_data_i[WIDTH-1:0];
  assign valid_o = valid_q;
  assign n_o = n_q;
  assign error_o = error_q;
endmodule
`default_nettype wire
