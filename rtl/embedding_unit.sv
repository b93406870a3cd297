// The sum of three embeddings of a token, in beats of LANES numbers (compress/integer/ops/embedding.h):
//
//   x = word[id] 2^shift[id] + position[row] 2^shift[row] + token_type[type] 2^shift[type]
//
//   start_i ...      a token: its id, type, row and context, and the layer norm that reads the sum
//   token_address_o, position_address_o, type_address_o   of words of ELEMENTS codes: id SIZE / ELEMENTS + word, ...
//   token_shift_address_o, ...                             id, row, type
//                    data follow an address by two cycles. Codes of 1 bit: 0 is 1 and 1 is -1; others two's complement.
//   valid_o ...      the beats, one a cycle but for 3 cycles before each word
//   busy_o           high from the cycle after start_i until the last beat is given
`default_nettype none
module embedding_unit #(
    parameter int SIZE           = 128,
    parameter int LANES          = 1,
    parameter int ELEMENTS       = 64,
    parameter int VOCABULARY     = 8000,
    parameter int LONGEST        = 256,
    parameter int TYPES          = 2,
    parameter int TOKEN_WIDTH    = 1,
    parameter int POSITION_WIDTH = 1,
    parameter int TYPE_WIDTH     = 1,
    parameter int SHIFT_WIDTH    = 3,
    parameter int SUM_WIDTH      = 18,
    // Derived: not to be set.
    parameter int WORDS          = SIZE / ELEMENTS,
    parameter int ID_WIDTH       = (VOCABULARY > 1) ? $clog2(VOCABULARY) : 1,
    parameter int ROW_WIDTH      = (LONGEST > 1) ? $clog2(LONGEST) : 1,
    parameter int TYPE_ID_WIDTH  = (TYPES > 1) ? $clog2(TYPES) : 1,
    parameter int TOKEN_ADDRESS_WIDTH = (VOCABULARY * WORDS > 1) ? $clog2(VOCABULARY * WORDS) : 1,
    parameter int POSITION_ADDRESS_WIDTH = (LONGEST * WORDS > 1) ? $clog2(LONGEST * WORDS) : 1,
    parameter int TYPE_ADDRESS_WIDTH = (TYPES * WORDS > 1) ? $clog2(TYPES * WORDS) : 1,
    parameter int BEATS          = SIZE / LANES,
    parameter int BEAT_WIDTH     = (BEATS > 1) ? $clog2(BEATS) : 1
) (
    input  wire                               clk_i,
    input  wire                               rst_i,
    input  wire                               start_i,
    input  wire  [              ID_WIDTH-1:0] id_i,
    input  wire  [         TYPE_ID_WIDTH-1:0] type_i,
    input  wire  [             ROW_WIDTH-1:0] row_i,
    input  wire                               context_i,
    output logic [   TOKEN_ADDRESS_WIDTH-1:0] token_address_o,
    input  wire  [  ELEMENTS*TOKEN_WIDTH-1:0] token_i,
    output logic [POSITION_ADDRESS_WIDTH-1:0] position_address_o,
    input  wire  [ELEMENTS*POSITION_WIDTH-1:0] position_i,
    output logic [    TYPE_ADDRESS_WIDTH-1:0] type_address_o,
    input  wire  [   ELEMENTS*TYPE_WIDTH-1:0] type_data_i,
    output logic [              ID_WIDTH-1:0] token_shift_address_o,
    output logic [             ROW_WIDTH-1:0] position_shift_address_o,
    output logic [         TYPE_ID_WIDTH-1:0] type_shift_address_o,
    input  wire  [           SHIFT_WIDTH-1:0] token_shift_i,
    input  wire  [           SHIFT_WIDTH-1:0] position_shift_i,
    input  wire  [           SHIFT_WIDTH-1:0] type_shift_i,
    output logic                              busy_o,
    output logic                              valid_o,
    output logic                              context_o,
    output logic [             ROW_WIDTH-1:0] row_o,
    output logic [            BEAT_WIDTH-1:0] beat_o,
    output logic [       LANES*SUM_WIDTH-1:0] sums_o
);
  localparam int BeatsOfWord = ELEMENTS / LANES;
  localparam int InWordWidth = (BeatsOfWord > 1) ? $clog2(BeatsOfWord) : 1;
  localparam int WordWidth = (WORDS > 1) ? $clog2(WORDS) : 1;

  logic [ID_WIDTH-1:0] id_q;
  logic [TYPE_ID_WIDTH-1:0] type_q;
  logic [WordWidth-1:0] word_q;
  logic [1:0] wait_q;  // cycles until the words are there; 0: they were taken
  logic [InWordWidth-1:0] in_word_q;
  logic [BEAT_WIDTH-1:0] beat_q;
  logic gives_q, last_of_word, last_word;
  assign last_of_word = BeatsOfWord == 1 || in_word_q == InWordWidth'(BeatsOfWord - 1);
  assign last_word = WORDS == 1 || word_q == WordWidth'(WORDS - 1);

  assign token_address_o = TOKEN_ADDRESS_WIDTH'(id_q) * TOKEN_ADDRESS_WIDTH'(WORDS) + TOKEN_ADDRESS_WIDTH'(word_q);
  assign position_address_o =
      POSITION_ADDRESS_WIDTH'(row_o) * POSITION_ADDRESS_WIDTH'(WORDS) + POSITION_ADDRESS_WIDTH'(word_q);
  assign type_address_o = TYPE_ADDRESS_WIDTH'(type_q) * TYPE_ADDRESS_WIDTH'(WORDS) + TYPE_ADDRESS_WIDTH'(word_q);
  assign token_shift_address_o = id_q;
  assign position_shift_address_o = row_o;
  assign type_shift_address_o = type_q;

  logic [ELEMENTS*TOKEN_WIDTH-1:0] tokens_q;
  logic [ELEMENTS*POSITION_WIDTH-1:0] positions_q;
  logic [ELEMENTS*TYPE_WIDTH-1:0] types_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      busy_o  <= 1'b0;
      gives_q <= 1'b0;
      wait_q  <= '0;
    end else begin
      if (start_i) busy_o <= 1'b1;
      else if (gives_q && last_of_word && last_word) busy_o <= 1'b0;
      if (start_i) wait_q <= 2'd3;
      else if (gives_q && last_of_word && !last_word) wait_q <= 2'd3;
      else if (wait_q != '0) wait_q <= wait_q - 1'b1;
      if (wait_q == 2'd1) gives_q <= 1'b1;
      else if (last_of_word) gives_q <= 1'b0;
    end
    if (start_i) begin
      id_q <= id_i;
      type_q <= type_i;
      row_o <= row_i;
      context_o <= context_i;
      word_q <= '0;
      beat_q <= '0;
    end else if (gives_q) begin
      beat_q <= beat_q + 1'b1;
      if (last_of_word) word_q <= word_q + 1'b1;
    end
    in_word_q <= (gives_q && !last_of_word) ? in_word_q + 1'b1 : '0;
    if (wait_q == 2'd1) begin
      tokens_q <= token_i;
      positions_q <= position_i;
      types_q <= type_data_i;
    end else begin
      tokens_q <= tokens_q >> (LANES * TOKEN_WIDTH);
      positions_q <= positions_q >> (LANES * POSITION_WIDTH);
      types_q <= types_q >> (LANES * TYPE_WIDTH);
    end
  end

  assign valid_o = gives_q;
  assign beat_o = beat_q;
  generate
    for (genvar l = 0; l < LANES; l++) begin : g_lane
      logic [SUM_WIDTH-1:0] token, position, token_type;
      if (TOKEN_WIDTH == 1) begin : g_token_sign
        assign token = tokens_q[l] ? '1 : SUM_WIDTH'(1);
      end else begin : g_token
        assign token = SUM_WIDTH'($signed(tokens_q[l*TOKEN_WIDTH+:TOKEN_WIDTH]));
      end
      if (POSITION_WIDTH == 1) begin : g_position_sign
        assign position = positions_q[l] ? '1 : SUM_WIDTH'(1);
      end else begin : g_position
        assign position = SUM_WIDTH'($signed(positions_q[l*POSITION_WIDTH+:POSITION_WIDTH]));
      end
      if (TYPE_WIDTH == 1) begin : g_type_sign
        assign token_type = types_q[l] ? '1 : SUM_WIDTH'(1);
      end else begin : g_type
        assign token_type = SUM_WIDTH'($signed(types_q[l*TYPE_WIDTH+:TYPE_WIDTH]));
      end
      assign sums_o[l*SUM_WIDTH+:SUM_WIDTH] =
          (token << token_shift_i) + (position << position_shift_i) + (token_type << type_shift_i);
    end
  endgenerate
endmodule
`default_nettype wire
