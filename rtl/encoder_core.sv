// A whole BERT in integers: texts of token ids come in, a packet each, and answers go out; or layers of one (ROWS):
// texts of rows come in, and the last layer's rows go out. The core runs the program that
// is beside it in ROMs; hw/core/ writes program and ROMs for a model, and derives the parameters.
//
//   s_data_i   a token: {last, type (8 bits), id (24 bits)}, a text a packet
//   m_data_o   a packet a text: first the status {version (8 bits), error (8 bits), length (16 bits)}, then the answers, in
//              32 bits two's complement; {last, word}. Errors: as in text_input; 4: ROMs are not what they should
//              be (rom_check.sv). A text with an error has no answers.
//   ROWS 1     instead s_data_i is a part of a row, {last, PI codes of ELEMENT_WIDTH bits}, HIDDEN / PI a row, and so are
//              the answers, in at least 32 bits. Errors: as in row_input, and 4. The next text comes in after the answer.
//   ROMs       outside. Data follow their address by two cycles, but for program_i and config_i: by one.
//
// Nothing inside waits for anything outside once a text is there, so its cycles depend on its length alone.
`default_nettype none
module encoder_core #(
    parameter int PI                      = 8,
    parameter int PO                      = 8,
    parameter int LANES                   = 1,
    parameter int HIDDEN                  = 128,
    parameter int LONGEST                 = 256,
    parameter int HEADS                   = 2,
    parameter int VOCABULARY              = 8000,
    parameter int TYPES                   = 2,
    // verilator lint_off UNUSEDPARAM
    parameter int OUTPUTS                 = 2,
    // verilator lint_on UNUSEDPARAM
    parameter int ROWS                    = 0,   // 1: rows in and out, no embeddings, summary or head
    parameter int ANSWERS_A_ROW           = 0,   // 1: a row of outputs a token
    parameter int VERSION                 = 1,
    // Numbers
    parameter int ELEMENT_WIDTH           = 8,   // in memories, two's complement
    parameter int WEIGHT_WIDTH            = 8,
    parameter int SCORE_WIDTH             = 12,
    parameter int EXPONENTIAL_WIDTH       = 16,
    parameter int PRODUCTS_WIDTH          = 32,  // of exact sums of products
    // Outputs
    parameter int SUM_WIDTH               = 32,
    parameter int BIAS_WIDTH              = 16,
    parameter int ALIGN_WIDTH             = 4,
    parameter int SHIFT                   = 12,
    parameter int MULTIPLIER              = 1,
    parameter int RESULT_WIDTH            = 20,
    parameter int TABLE_WIDTH             = 8,
    parameter int TABLE_ADDRESS_WIDTH     = 10,
    parameter int QUOTIENT_WIDTH          = 10,
    parameter int SERIAL                  = 0,   // 1: a result every QUOTIENT_WIDTH + 1 cycles, in less logic
    parameter int DENOMINATOR_WIDTH       = 25,
    parameter int DENOMINATOR_LEFT        = 0,
    parameter int LEFT_WIDTH              = 1,
    parameter int PARAMETER_ADDRESS_WIDTH = 12,
    // Layer norms
    parameter int NORMS                   = 5,
    parameter int NORM_SUM_WIDTH          = 18,
    parameter int VARIANCE_WIDTH          = 52,
    parameter int ROOT_TABLE              = 0,
    parameter int GAMMA_WIDTH             = 14,
    parameter int BETA_WIDTH              = 24,
    parameter int BETA_LEFT               = 0,
    parameter int NORM_ALIGN_WIDTH        = 1,
    parameter int NORM_SHIFT              = 24,
    // verilator lint_off UNUSEDPARAM
    parameter int SUMMARY_NORM            = 4,   // the layer norm whose rows are summed
    // verilator lint_on UNUSEDPARAM
    parameter int SUMMARY_FIRST           = 0,   // 1: of its rows only the first
    parameter int SUMMARY_WIDTH           = 16,
    // Embeddings
    parameter int EMBEDDING_ELEMENTS      = 64,
    parameter int TOKEN_WIDTH             = 1,
    parameter int POSITION_WIDTH          = 1,
    parameter int TYPE_WIDTH              = 1,
    parameter int EMBEDDING_SHIFT_WIDTH   = 3,
    // Program
    parameter int PC_WIDTH                = 6,
    parameter int PROGRAM_PARTS           = 1,   // words that an instruction takes, a power of two
    parameter int SCRATCH_WORDS           = 256,
    parameter int A_BASE_WIDTH            = 8,
    parameter int INNER_WIDTH             = 6,
    parameter int TILES_WIDTH             = 6,
    parameter int B_WIDTH                 = 13,
    parameter int BEATS_WIDTH             = 10,
    // Derived: not to be set.
    parameter int WORD_BITS               = PI * ELEMENT_WIDTH,
    parameter int IN_WIDTH                = (ROWS != 0) ? WORD_BITS : 32,
    parameter int OUT_WIDTH               = (IN_WIDTH > 32) ? IN_WIDTH : 32,
    parameter int N_WIDTH                 = $clog2(LONGEST + 1),
    parameter int ROW_WIDTH               = (LONGEST > 1) ? $clog2(LONGEST) : 1,
    parameter int ID_WIDTH                = (VOCABULARY > 1) ? $clog2(VOCABULARY) : 1,
    parameter int TYPE_ID_WIDTH           = (TYPES > 1) ? $clog2(TYPES) : 1,
    parameter int EMBEDDING_WORDS         = HIDDEN / EMBEDDING_ELEMENTS,
    parameter int TOKEN_ADDRESS_WIDTH     = (VOCABULARY * EMBEDDING_WORDS > 1) ? $clog2(VOCABULARY * EMBEDDING_WORDS) : 1,
    parameter int POSITION_ADDRESS_WIDTH  = (LONGEST * EMBEDDING_WORDS > 1) ? $clog2(LONGEST * EMBEDDING_WORDS) : 1,
    parameter int TYPE_ADDRESS_WIDTH      = (TYPES * EMBEDDING_WORDS > 1) ? $clog2(TYPES * EMBEDDING_WORDS) : 1,
    parameter int SLOTS                   = 2 * HEADS,
    parameter int SLOT_WIDTH              = $clog2(SLOTS),
    parameter int NORM_WIDTH              = (NORMS > 1) ? $clog2(NORMS) : 1,
    parameter int NORM_ADDRESS_WIDTH      = (NORMS * HIDDEN / LANES > 1) ? $clog2(NORMS * HIDDEN / LANES) : 1,
    parameter int CONFIG_WIDTH            = VARIANCE_WIDTH + NORM_ALIGN_WIDTH + 2 + 2 * ELEMENT_WIDTH,
    parameter int FIELDS_WIDTH            = 2 + 3 + PARAMETER_ADDRESS_WIDTH + ALIGN_WIDTH + 2 + 2 * RESULT_WIDTH + 1 +
                                            2 * TABLE_ADDRESS_WIDTH + A_BASE_WIDTH + NORM_WIDTH + 5 + 5 + LEFT_WIDTH +
                                            SLOT_WIDTH,
    parameter int PROGRAM_WIDTH           = 3 + 1 + 1 + 3 + 1 + 1 + 1 + 1 + A_BASE_WIDTH + INNER_WIDTH + TILES_WIDTH +
                                            B_WIDTH + BEATS_WIDTH + PC_WIDTH + FIELDS_WIDTH,
    parameter int PART_WIDTH              = (PROGRAM_WIDTH + PROGRAM_PARTS - 1) / PROGRAM_PARTS,
    parameter int PROGRAM_ADDRESS_WIDTH   = PC_WIDTH + $clog2(PROGRAM_PARTS),
    parameter int JOB_WIDTH               = PC_WIDTH + ROW_WIDTH + 1 + BEATS_WIDTH + FIELDS_WIDTH,
    parameter int OUTPUT_TRACE_WIDTH      = PC_WIDTH + ROW_WIDTH + BEATS_WIDTH + 2 * LANES * RESULT_WIDTH,
    parameter int WORD_WIDTH              = (HIDDEN / LANES > 1) ? $clog2(HIDDEN / LANES) : 1,
    parameter int SUMS_TRACE_WIDTH        = NORM_WIDTH + ROW_WIDTH + WORD_WIDTH + LANES * NORM_SUM_WIDTH,
    parameter int NORM_TRACE_WIDTH        = NORM_WIDTH + ROW_WIDTH + WORD_WIDTH + LANES * ELEMENT_WIDTH
) (
    input wire clk_i,
    input wire rst_i,
    input wire hold_i,       // no text begins
    input wire rom_error_i,  // nor is any computed

    input  wire  [ IN_WIDTH:0] s_data_i,
    input  wire                s_valid_i,
    output logic               s_ready_o,
    output logic [OUT_WIDTH:0] m_data_o,
    output logic               m_valid_o,
    input  wire                m_ready_i,

    output logic [                PROGRAM_ADDRESS_WIDTH-1:0] pc_o,
    input  wire  [                           PART_WIDTH-1:0] program_i,
    output logic [                              B_WIDTH-1:0] weight_address_o,
    input  wire  [                   PO*PI*WEIGHT_WIDTH-1:0] weight_i,
    output logic [              PARAMETER_ADDRESS_WIDTH-1:0] parameter_address_o,
    input  wire  [     LANES*(ALIGN_WIDTH+BIAS_WIDTH)-1:0] parameter_i,
    output logic [            LANES*TABLE_ADDRESS_WIDTH-1:0] table_address_o,
    input  wire  [                    LANES*TABLE_WIDTH-1:0] table_i,
    output logic [                              LANES*8-1:0] exponential_address_o,
    input  wire  [              LANES*EXPONENTIAL_WIDTH-1:0] exponential_i,
    output logic [                   NORM_ADDRESS_WIDTH-1:0] norm_address_o,
    input  wire  [     LANES*(GAMMA_WIDTH+BETA_WIDTH)-1:0] norm_i,
    output logic [                           NORM_WIDTH-1:0] config_norm_o,
    input  wire  [                         CONFIG_WIDTH-1:0] config_i,
    output logic [                                      7:0] root_address_o,
    input  wire  [                                     17:0] root_i,
    output logic [                  TOKEN_ADDRESS_WIDTH-1:0] token_address_o,
    input  wire  [      EMBEDDING_ELEMENTS*TOKEN_WIDTH-1:0] token_i,
    output logic [               POSITION_ADDRESS_WIDTH-1:0] position_address_o,
    input  wire  [   EMBEDDING_ELEMENTS*POSITION_WIDTH-1:0] position_i,
    output logic [                   TYPE_ADDRESS_WIDTH-1:0] type_address_o,
    input  wire  [       EMBEDDING_ELEMENTS*TYPE_WIDTH-1:0] type_i,
    output logic [                             ID_WIDTH-1:0] token_shift_address_o,
    input  wire  [                EMBEDDING_SHIFT_WIDTH-1:0] token_shift_i,
    output logic [                            ROW_WIDTH-1:0] position_shift_address_o,
    input  wire  [                EMBEDDING_SHIFT_WIDTH-1:0] position_shift_i,
    output logic [                        TYPE_ID_WIDTH-1:0] type_shift_address_o,
    input  wire  [                EMBEDDING_SHIFT_WIDTH-1:0] type_shift_i,

    // What it computes, for whoever looks on: results of outputs, sums that layer norms read, and what they give.
    output logic                          output_trace_valid_o,
    output logic [OUTPUT_TRACE_WIDTH-1:0] output_trace_o,
    output logic                          sums_trace_valid_o,
    output logic [  SUMS_TRACE_WIDTH-1:0] sums_trace_o,
    output logic                          norm_trace_valid_o,
    output logic [  NORM_TRACE_WIDTH-1:0] norm_trace_o
);
  localparam int XWords = HIDDEN / PI;
  localparam int ValueWords = HIDDEN / PO;
  localparam int EWords = (LONGEST + PI - 1) / PI;
  localparam int XDepth = LONGEST * XWords;
  localparam int KeyDepth = ((LONGEST + PO - 1) / PO) * XWords;
  localparam int ValueDepth = ((LONGEST + PI - 1) / PI) * ValueWords;
  localparam int XAddressWidth = (XDepth > 1) ? $clog2(XDepth) : 1;
  localparam int KeyAddressWidth = (KeyDepth > 1) ? $clog2(KeyDepth) : 1;
  localparam int ValueAddressWidth = (ValueDepth > 1) ? $clog2(ValueDepth) : 1;
  localparam int ScratchAddressWidth = (SCRATCH_WORDS > 1) ? $clog2(SCRATCH_WORDS) : 1;
  localparam int EAddressWidth = (SLOTS * EWords > 1) ? $clog2(SLOTS * EWords) : 1;
  localparam int XorE = (XAddressWidth > EAddressWidth) ? XAddressWidth : EAddressWidth;
  localparam int AddressWidth = (XorE > ScratchAddressWidth) ? XorE : ScratchAddressWidth;
  localparam int AWidth = (ELEMENT_WIDTH > EXPONENTIAL_WIDTH + 1) ? ELEMENT_WIDTH : EXPONENTIAL_WIDTH + 1;
  localparam int BWidth = (ELEMENT_WIDTH > WEIGHT_WIDTH) ? ELEMENT_WIDTH : WEIGHT_WIDTH;
  localparam int SumOfE = EXPONENTIAL_WIDTH + N_WIDTH;
  localparam int PiBits = (PI > 1) ? $clog2(PI) : 1, PoBits = (PO > 1) ? $clog2(PO) : 1;

  // ---- A text after the other.
  logic text_valid, start, text_done, program_done, answer_done;
  logic [N_WIDTH-1:0] n;
  logic [1:0] text_error;
  logic [2:0] error;
  logic embed_valid, embed_context, embed_busy;
  logic [ROW_WIDTH-1:0] embed_row;
  typedef enum logic [1:0] {
    Idle,
    Running,
    Answering
  } state_t;
  state_t state_q;
  logic answer_start_q;
  assign error = rom_error_i ? 3'd4 : {1'b0, text_error};
  assign start = state_q == Idle && text_valid && !hold_i && error == 3'd0;
  assign text_done = answer_done;
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= Idle;
      answer_start_q <= 1'b0;
    end else begin
      answer_start_q <= 1'b0;
      case (state_q)
        Idle:
        if (text_valid && !hold_i) begin
          state_q <= (error == 3'd0) ? Running : Answering;
          answer_start_q <= error != 3'd0;
        end
        Running:
        if (program_done) begin
          state_q <= Answering;
          answer_start_q <= 1'b1;
        end
        default: if (answer_done) state_q <= Idle;
      endcase
    end
  end

  // ---- The program.
  logic step_valid, step_first, step_last, step_from_x, step_captures, step_context;
  logic [1:0] step_operation;
  logic [AddressWidth-1:0] step_a;
  logic [B_WIDTH-1:0] step_b;
  logic [INNER_WIDTH-1:0] step_inner;
  logic job_valid, job_slot, output_done, output_done_slot, softmax_done, norm_done, norm_done_context;
  logic [JOB_WIDTH-1:0] job;
  logic [SLOT_WIDTH-1:0] softmax_done_slot;
  sequencer #(
      .PI(PI),
      .PO(PO),
      .LANES(LANES),
      .HIDDEN(HIDDEN),
      .LONGEST(LONGEST),
      .HEADS(HEADS),
      .GAP((SERIAL != 0) ? QUOTIENT_WIDTH + 1 : 1),
      .PC_WIDTH(PC_WIDTH),
      .PARTS(PROGRAM_PARTS),
      .A_BASE_WIDTH(A_BASE_WIDTH),
      .A_WIDTH(AddressWidth),
      .INNER_WIDTH(INNER_WIDTH),
      .TILES_WIDTH(TILES_WIDTH),
      .B_WIDTH(B_WIDTH),
      .BEATS_WIDTH(BEATS_WIDTH),
      .FIELDS_WIDTH(FIELDS_WIDTH)
  ) i_sequencer (
      .clk_i,
      .rst_i,
      .start_i(start),
      .n_i(n),
      .done_o(program_done),
      .pc_o,
      .program_i,
      .step_valid_o(step_valid),
      .step_first_o(step_first),
      .step_last_o(step_last),
      .step_operation_o(step_operation),
      .step_from_x_o(step_from_x),
      .step_a_o(step_a),
      .step_b_o(step_b),
      .step_captures_o(step_captures),
      .step_context_o(step_context),
      .step_inner_o(step_inner),
      .job_valid_o(job_valid),
      .job_slot_o(job_slot),
      .job_o(job),
      .embed_valid_o(embed_valid),
      .embed_context_o(embed_context),
      .embed_row_o(embed_row),
      .embed_busy_i(embed_busy),
      .output_done_i(output_done),
      .output_done_slot_i(output_done_slot),
      .softmax_done_i(softmax_done),
      .softmax_done_slot_i(softmax_done_slot),
      .norm_done_i(norm_done),
      .norm_done_context_i(norm_done_context)
  );

  // ---- Where texts come in, at the end of this file: the sums of embeddings, or rows.
  logic embedding_valid, embedding_context;
  logic [ROW_WIDTH-1:0] embedding_row;
  logic [WORD_WIDTH-1:0] embedding_beat;
  logic [LANES*NORM_SUM_WIDTH-1:0] embedding_sums;
  logic row_write;
  logic [XAddressWidth-1:0] row_write_address, row_address;
  logic [WORD_BITS-1:0] row_data;

  // ---- Operands. Memories take two cycles, as do what tells where an operand comes from.
  logic [PI*ELEMENT_WIDTH-1:0] x_word, scratch_word;
  logic [PI*EXPONENTIAL_WIDTH-1:0] e_word;
  logic [PO*PI*ELEMENT_WIDTH-1:0] key_words, value_words;
  logic [1:0] valid_q, first_q, last_q, from_x_q, captures_q, capture_context_q;
  logic [3:0] operations_q;
  logic [2*INNER_WIDTH-1:0] inners_q;
  assign weight_address_o = step_b;
  always_ff @(posedge clk_i) begin
    valid_q <= rst_i ? 2'b00 : {valid_q[0], step_valid};
    first_q <= {first_q[0], step_first};
    last_q <= {last_q[0], step_last};
    from_x_q <= {from_x_q[0], step_from_x};
    captures_q <= rst_i ? 2'b00 : {captures_q[0], step_captures && step_valid};
    capture_context_q <= {capture_context_q[0], step_context};
    operations_q <= {operations_q[1:0], step_operation};
    inners_q <= {inners_q[INNER_WIDTH-1:0], step_inner};
  end

  logic [PI*AWidth-1:0] a;
  logic [PO*PI*BWidth-1:0] b;
  generate
    for (genvar i = 0; i < PI; i++) begin : g_a
      assign a[i*AWidth+:AWidth] =
          operations_q[3:2] == 2'd2 ? AWidth'({1'b0, e_word[i*EXPONENTIAL_WIDTH+:EXPONENTIAL_WIDTH]}) :
          from_x_q[1] ? AWidth'($signed(x_word[i*ELEMENT_WIDTH+:ELEMENT_WIDTH])) :
          AWidth'($signed(scratch_word[i*ELEMENT_WIDTH+:ELEMENT_WIDTH]));
    end
    for (genvar o = 0; o < PO; o++) begin : g_b
      for (genvar i = 0; i < PI; i++) begin : g_i
        assign b[(o*PI+i)*BWidth+:BWidth] =
            operations_q[3:2] == 2'd0 ? BWidth'($signed(weight_i[(o*PI+i)*WEIGHT_WIDTH+:WEIGHT_WIDTH])) :
            operations_q[3:2] == 2'd1 ? BWidth'($signed(key_words[(o*PI+i)*ELEMENT_WIDTH+:ELEMENT_WIDTH])) :
            BWidth'($signed(value_words[(i*PO+o)*ELEMENT_WIDTH+:ELEMENT_WIDTH]));
      end
    end
  endgenerate

  logic sums_valid;
  logic [PO*PRODUCTS_WIDTH-1:0] sums;
  matrix_unit #(
      .PI(PI),
      .PO(PO),
      .A_WIDTH(AWidth),
      .B_WIDTH(BWidth),
      .SUM_WIDTH(PRODUCTS_WIDTH)
  ) i_matrix (
      .clk_i,
      .rst_i,
      .valid_i(valid_q[1]),
      .first_i(first_q[1]),
      .last_i(last_q[1]),
      .a_i(a),
      .b_i(b),
      .valid_o(sums_valid),
      .sums_o(sums)
  );

  // ---- Outputs.
  logic [DENOMINATOR_WIDTH-1:0] summary_rows;
  assign summary_rows = (SUMMARY_FIRST != 0) ? DENOMINATOR_WIDTH'(1) : DENOMINATOR_WIDTH'(n);
  // verilator lint_off UNUSEDSIGNAL
  logic [BEATS_WIDTH-1:0] summary_word, residual_word, score_word, out_norm_word, answer_word;  // wide enough for any
  // verilator lint_on UNUSEDSIGNAL
  logic [LANES*SUMMARY_WIDTH-1:0] summary;
  logic [SLOT_WIDTH-1:0] exponentials_slot, score_slot;
  logic [SumOfE-1:0] exponentials;
  logic residual_context, scratch_write, key_write, value_write, score_valid, score_last, out_norm_valid,
      out_norm_context, answer_valid;
  logic [PI*ELEMENT_WIDTH-1:0] residual, pi_word;
  logic [PO*ELEMENT_WIDTH-1:0] po_word;
  logic [A_BASE_WIDTH-1:0] write_word;
  logic [ROW_WIDTH-1:0] write_row, out_norm_row, answer_row;
  logic [NORM_WIDTH-1:0] out_norm;
  logic [LANES*SCORE_WIDTH-1:0] scores;
  logic [LANES*NORM_SUM_WIDTH-1:0] out_norm_sums;
  logic [LANES*RESULT_WIDTH-1:0] answer;
  output_unit #(
      .PI(PI),
      .PO(PO),
      .LANES(LANES),
      .IN_WIDTH(PRODUCTS_WIDTH),
      .SUM_WIDTH(SUM_WIDTH),
      .BIAS_WIDTH(BIAS_WIDTH),
      .ALIGN_WIDTH(ALIGN_WIDTH),
      .SHIFT(SHIFT),
      .MULTIPLIER(MULTIPLIER),
      .WIDTH(RESULT_WIDTH),
      .ELEMENT_WIDTH(ELEMENT_WIDTH),
      .TABLE_WIDTH(TABLE_WIDTH),
      .TABLE_ADDRESS_WIDTH(TABLE_ADDRESS_WIDTH),
      .QUOTIENT_WIDTH(QUOTIENT_WIDTH),
      .DENOMINATOR_WIDTH(DENOMINATOR_WIDTH),
      .DENOMINATOR_LEFT(DENOMINATOR_LEFT),
      .SERIAL(SERIAL),
      .LEFT_WIDTH(LEFT_WIDTH),
      .SUMMARY_WIDTH(SUMMARY_WIDTH),
      .SCORE_WIDTH(SCORE_WIDTH),
      .NORM_SUM_WIDTH(NORM_SUM_WIDTH),
      .NORM_WIDTH(NORM_WIDTH),
      .SLOT_WIDTH(SLOT_WIDTH),
      .PARAMETER_ADDRESS_WIDTH(PARAMETER_ADDRESS_WIDTH),
      .WORD_BASE_WIDTH(A_BASE_WIDTH),
      .ROW_WIDTH(ROW_WIDTH),
      .COUNT_WIDTH(BEATS_WIDTH),
      .PC_WIDTH(PC_WIDTH)
  ) i_output (
      .clk_i,
      .rst_i,
      .job_valid_i(job_valid),
      .job_slot_i(job_slot),
      .job_i(job),
      .sums_valid_i(sums_valid),
      .sums_i(sums),
      .parameter_address_o,
      .parameters_i(parameter_i),
      .summary_word_o(summary_word),
      .summary_i(summary),
      .rows_i(summary_rows),
      .exponentials_slot_o(exponentials_slot),
      .exponentials_i(DENOMINATOR_WIDTH'(exponentials)),
      .table_address_o,
      .table_i,
      .residual_context_o(residual_context),
      .residual_word_o(residual_word),
      .residual_i(residual),
      .scratch_write_o(scratch_write),
      .key_write_o(key_write),
      .value_write_o(value_write),
      .write_word_o(write_word),
      .write_row_o(write_row),
      .pi_word_o(pi_word),
      .po_word_o(po_word),
      .score_valid_o(score_valid),
      .score_last_o(score_last),
      .score_slot_o(score_slot),
      .score_word_o(score_word),
      .scores_o(scores),
      .norm_valid_o(out_norm_valid),
      .norm_context_o(out_norm_context),
      .norm_o(out_norm),
      .norm_row_o(out_norm_row),
      .norm_word_o(out_norm_word),
      .norm_sums_o(out_norm_sums),
      .answer_valid_o(answer_valid),
      .answer_row_o(answer_row),
      .answer_word_o(answer_word),
      .answer_o(answer),
      .done_o(output_done),
      .done_slot_o(output_done_slot),
      .trace_valid_o(output_trace_valid_o),
      .trace_o(output_trace_o)
  );

  // ---- Softmax.
  localparam int ScoreWords = EWords * (PI / LANES);
  localparam int ScoreWordWidth = (ScoreWords > 1) ? $clog2(ScoreWords) : 1;
  logic e_write;
  logic [EAddressWidth-1:0] e_address;
  logic [PI*EXPONENTIAL_WIDTH-1:0] e_data;
  softmax_unit #(
      .SLOTS(SLOTS),
      .LONGEST(LONGEST),
      .LANES(LANES),
      .ELEMENTS(PI),
      .SCORE_WIDTH(SCORE_WIDTH),
      .EXPONENTIAL_WIDTH(EXPONENTIAL_WIDTH)
  ) i_softmax (
      .clk_i,
      .rst_i,
      .n_i(n),
      .valid_i(score_valid),
      .last_i(score_last),
      .slot_i(score_slot),
      .word_i(ScoreWordWidth'(score_word)),
      .scores_i(scores),
      .table_address_o(exponential_address_o),
      .table_i(exponential_i),
      .e_write_o(e_write),
      .e_address_o(e_address),
      .e_data_o(e_data),
      .sum_slot_i(exponentials_slot),
      .sum_o(exponentials),
      .done_o(softmax_done),
      .done_slot_o(softmax_done_slot)
  );

  // ---- Layer norms: rows of embeddings while the first keys and values are computed, then rows of outputs.
  logic norm_valid, norm_context, y_valid;
  logic [NORM_WIDTH-1:0] norm, y_norm;
  logic [ROW_WIDTH-1:0] norm_row, y_row;
  logic [WORD_WIDTH-1:0] norm_word, y_word;
  logic [LANES*NORM_SUM_WIDTH-1:0] norm_sums;
  logic [LANES*ELEMENT_WIDTH-1:0] y;
  assign norm_valid = embedding_valid || out_norm_valid;
  assign norm_context = embedding_valid ? embedding_context : out_norm_context;
  assign norm = embedding_valid ? '0 : out_norm;
  assign norm_row = embedding_valid ? embedding_row : out_norm_row;
  assign norm_word = embedding_valid ? embedding_beat : WORD_WIDTH'(out_norm_word);
  assign norm_sums = embedding_valid ? embedding_sums : out_norm_sums;
  norm_unit #(
      .SIZE(HIDDEN),
      .LANES(LANES),
      .NORMS(NORMS),
      .SUM_WIDTH(NORM_SUM_WIDTH),
      .VARIANCE_WIDTH(VARIANCE_WIDTH),
      .ROOT_TABLE(ROOT_TABLE),
      .GAMMA_WIDTH(GAMMA_WIDTH),
      .BETA_WIDTH(BETA_WIDTH),
      .BETA_LEFT(BETA_LEFT),
      .ALIGN_WIDTH(NORM_ALIGN_WIDTH),
      .SHIFT(NORM_SHIFT),
      .WIDTH(ELEMENT_WIDTH),
      .ROW_WIDTH(ROW_WIDTH)
  ) i_norm (
      .clk_i,
      .rst_i,
      .valid_i(norm_valid),
      .context_i(norm_context),
      .norm_i(norm),
      .row_i(norm_row),
      .word_i(norm_word),
      .sums_i(norm_sums),
      .parameter_address_o(norm_address_o),
      .parameters_i(norm_i),
      .config_norm_o,
      .config_i,
      .table_address_o(root_address_o),
      .table_i(root_i),
      .y_valid_o(y_valid),
      .y_norm_o(y_norm),
      .y_row_o(y_row),
      .y_word_o(y_word),
      .y_o(y),
      .done_o(norm_done),
      .done_context_o(norm_done_context)
  );
  assign sums_trace_valid_o = norm_valid;
  assign sums_trace_o = {norm, norm_row, norm_word, norm_sums};
  assign norm_trace_valid_o = y_valid;
  assign norm_trace_o = {y_norm, y_row, y_word, y};

  // ---- Memories.
  logic x_write;
  logic [PI*ELEMENT_WIDTH-1:0] x_data;
  logic [XAddressWidth-1:0] x_write_address_q;
  localparam int XBeats = PI / LANES;
  localparam int XBeatWidth = (XBeats > 1) ? $clog2(XBeats) : 1;
  word_gather #(
      .LANES(LANES),
      .ELEMENTS(PI),
      .WIDTH(ELEMENT_WIDTH)
  ) i_x_words (
      .clk_i,
      .rst_i,
      .valid_i(y_valid),
      .index_i(y_word[XBeatWidth-1:0]),
      .data_i(y),
      .valid_o(x_write),
      .data_o(x_data)
  );
  logic [WORD_WIDTH-1:0] x_word_of_row;
  assign x_word_of_row = y_word >> $clog2(XBeats);
  always_ff @(posedge clk_i) begin
    x_write_address_q <= XAddressWidth'(y_row) * XAddressWidth'(XWords) + XAddressWidth'(x_word_of_row);
  end
  memory_block #(
      .WIDTH(PI * ELEMENT_WIDTH),
      .DEPTH(XDepth)
  ) i_x (
      .clk_i,
      .write_i(x_write || row_write),
      .write_address_i(row_write ? row_write_address : x_write_address_q),
      .data_i(row_write ? row_data : x_data),
      .address_i((ROWS != 0 && state_q == Answering) ? row_address : XAddressWidth'(step_a)),
      .data_o(x_word)
  );
  memory_block #(
      .WIDTH(PI * ELEMENT_WIDTH),
      .DEPTH(SCRATCH_WORDS)
  ) i_scratch (
      .clk_i,
      .write_i(scratch_write),
      .write_address_i(ScratchAddressWidth'(write_word)),
      .data_i(pi_word),
      .address_i(ScratchAddressWidth'(step_a)),
      .data_o(scratch_word)
  );
  memory_block #(
      .WIDTH(PI * EXPONENTIAL_WIDTH),
      .DEPTH(SLOTS * EWords)
  ) i_exponentials (
      .clk_i,
      .write_i(e_write),
      .write_address_i(e_address),
      .data_i(e_data),
      .address_i(EAddressWidth'(step_a)),
      .data_o(e_word)
  );
  logic [15:0] wide_row;
  assign wide_row = 16'(write_row);
  localparam int ResidualWidth = $clog2(2 * XWords);
  logic [ResidualWidth-1:0] residual_write_address, residual_address;
  assign residual_write_address = (capture_context_q[1] ? ResidualWidth'(XWords) : '0) +
                                  ResidualWidth'(inners_q[INNER_WIDTH+:INNER_WIDTH]);
  assign residual_address = (residual_context ? ResidualWidth'(XWords) : '0) + ResidualWidth'(residual_word);
  // verilator lint_off UNUSEDSIGNAL
  logic [15:0] row_of_keys, row_of_values;
  // verilator lint_on UNUSEDSIGNAL
  logic [KeyAddressWidth-1:0] key_write_address;
  logic [ValueAddressWidth-1:0] value_write_address;
  assign row_of_keys = wide_row >> $clog2(PO);
  assign row_of_values = wide_row >> $clog2(PI);
  assign key_write_address =
      KeyAddressWidth'(row_of_keys) * KeyAddressWidth'(XWords) + KeyAddressWidth'(write_word);
  assign value_write_address =
      ValueAddressWidth'(row_of_values) * ValueAddressWidth'(ValueWords) + ValueAddressWidth'(write_word);
  memory_block #(
      .WIDTH(PI * ELEMENT_WIDTH),
      .DEPTH(2 * XWords)
  ) i_residuals (
      .clk_i,
      .write_i(captures_q[1]),
      .write_address_i(residual_write_address),
      .data_i(x_word),
      .address_i(residual_address),
      .data_o(residual)
  );
  generate
    for (genvar o = 0; o < PO; o++) begin : g_keys
      memory_block #(
          .WIDTH(PI * ELEMENT_WIDTH),
          .DEPTH(KeyDepth),
          .SINGLE(1)
      ) i_bank (
          .clk_i,
          .write_i(key_write && (PO == 1 || wide_row[PoBits-1:0] == PoBits'(o))),
          .write_address_i(key_write_address),
          .data_i(pi_word),
          .address_i(KeyAddressWidth'(step_b)),
          .data_o(key_words[o*PI*ELEMENT_WIDTH+:PI*ELEMENT_WIDTH])
      );
    end
    for (genvar i = 0; i < PI; i++) begin : g_values
      memory_block #(
          .WIDTH(PO * ELEMENT_WIDTH),
          .DEPTH(ValueDepth),
          .SINGLE(1)
      ) i_bank (
          .clk_i,
          .write_i(value_write && (PI == 1 || wide_row[PiBits-1:0] == PiBits'(i))),
          .write_address_i(value_write_address),
          .data_i(po_word),
          .address_i(ValueAddressWidth'(step_b)),
          .data_o(value_words[i*PO*ELEMENT_WIDTH+:PO*ELEMENT_WIDTH])
      );
    end
  endgenerate

  // ---- Texts and answers.
  logic [31:0] status;
  logic [15:0] length;
  assign length = 16'(n);
  assign status = {8'(VERSION), 5'd0, error, length};
  generate
    if (ROWS == 0) begin : g_tokens
      logic [ID_WIDTH-1:0] id;
      logic [TYPE_ID_WIDTH-1:0] token_type;
      assign row_write = 1'b0;
      assign {row_write_address, row_address, row_data} = '0;
      text_input #(
          .LONGEST(LONGEST),
          .VOCABULARY(VOCABULARY),
          .TYPES(TYPES)
      ) i_input (
          .clk_i,
          .rst_i,
          .s_data_i,
          .s_valid_i,
          .s_ready_o,
          .valid_o(text_valid),
          .n_o(n),
          .error_o(text_error),
          .done_i(text_done),
          .address_i(embed_row),
          .id_o(id),
          .type_o(token_type)
      );

      // A token's id is there two cycles after its row was named.
      logic [1:0] embed_valid_q, embed_context_q;
      logic [2*ROW_WIDTH-1:0] embed_rows_q;
      logic embedding_busy;
      assign embed_busy = embedding_busy || embed_valid_q != 2'b00;
      always_ff @(posedge clk_i) begin
        embed_valid_q <= rst_i ? 2'b00 : {embed_valid_q[0], embed_valid};
        embed_context_q <= {embed_context_q[0], embed_context};
        embed_rows_q <= {embed_rows_q[ROW_WIDTH-1:0], embed_row};
      end
      embedding_unit #(
          .SIZE(HIDDEN),
          .LANES(LANES),
          .ELEMENTS(EMBEDDING_ELEMENTS),
          .VOCABULARY(VOCABULARY),
          .LONGEST(LONGEST),
          .TYPES(TYPES),
          .TOKEN_WIDTH(TOKEN_WIDTH),
          .POSITION_WIDTH(POSITION_WIDTH),
          .TYPE_WIDTH(TYPE_WIDTH),
          .SHIFT_WIDTH(EMBEDDING_SHIFT_WIDTH),
          .SUM_WIDTH(NORM_SUM_WIDTH)
      ) i_embedding (
          .clk_i,
          .rst_i,
          .start_i(embed_valid_q[1]),
          .id_i(id),
          .type_i(token_type),
          .row_i(embed_rows_q[ROW_WIDTH+:ROW_WIDTH]),
          .context_i(embed_context_q[1]),
          .token_address_o,
          .token_i,
          .position_address_o,
          .position_i,
          .type_address_o,
          .type_data_i(type_i),
          .token_shift_address_o,
          .position_shift_address_o,
          .type_shift_address_o,
          .token_shift_i,
          .position_shift_i,
          .type_shift_i,
          .busy_o(embedding_busy),
          .valid_o(embedding_valid),
          .context_o(embedding_context),
          .row_o(embedding_row),
          .beat_o(embedding_beat),
          .sums_o(embedding_sums)
      );

      summary_unit #(
          .SIZE(HIDDEN),
          .LANES(LANES),
          .IN_WIDTH(ELEMENT_WIDTH),
          .WIDTH(SUMMARY_WIDTH)
      ) i_summary (
          .clk_i,
          .rst_i,
          .valid_i(y_valid && y_norm == NORM_WIDTH'(SUMMARY_NORM) && (SUMMARY_FIRST == 0 || y_row == '0)),
          .first_i(y_row == '0),
          .word_i(y_word),
          .data_i(y),
          .address_i(WORD_WIDTH'(summary_word)),
          .data_o(summary)
      );

      localparam int AnswerRows = (ANSWERS_A_ROW != 0) ? LONGEST : 1;
      answer_output #(
          .OUTPUTS(OUTPUTS),
          .ROWS(AnswerRows),
          .LANES(LANES),
          .WIDTH(RESULT_WIDTH),
          .ROW_WIDTH(ROW_WIDTH),
          .WORD_WIDTH(BEATS_WIDTH)
      ) i_answer (
          .clk_i,
          .rst_i,
          .valid_i(answer_valid),
          .row_i(answer_row),
          .word_i(answer_word),
          .data_i(answer),
          .start_i(answer_start_q),
          .status_i(status),
          .has_error_i(error != 3'd0),
          .n_rows_i((ANSWERS_A_ROW != 0) ? (ROW_WIDTH + 1)'(n) : (ROW_WIDTH + 1)'(1)),
          .done_o(answer_done),
          .m_data_o,
          .m_valid_o,
          .m_ready_i
      );
    end else begin : g_rows
      row_input #(
          .LONGEST(LONGEST),
          .WORDS(XWords),
          .WIDTH(WORD_BITS)
      ) i_input (
          .clk_i,
          .rst_i,
          .s_data_i,
          .s_valid_i,
          .s_ready_o,
          .write_o(row_write),
          .write_address_o(row_write_address),
          .data_o(row_data),
          .valid_o(text_valid),
          .n_o(n),
          .error_o(text_error),
          .done_i(text_done)
      );
      row_output #(
          .LONGEST(LONGEST),
          .WORDS(XWords),
          .WIDTH(WORD_BITS)
      ) i_output (
          .clk_i,
          .rst_i,
          .start_i(answer_start_q),
          .status_i(status),
          .has_error_i(error != 3'd0),
          .n_rows_i(n),
          .address_o(row_address),
          .word_i(x_word),
          .done_o(answer_done),
          .m_data_o,
          .m_valid_o,
          .m_ready_i
      );
      assign embed_busy = 1'b0;
      assign {embedding_valid, embedding_context, embedding_row, embedding_beat, embedding_sums, summary} = '0;
      assign {token_address_o, position_address_o, type_address_o} = '0;
      assign {token_shift_address_o, position_shift_address_o, type_shift_address_o} = '0;
      wire unused = &{1'b0, embed_valid, embed_context, embed_row, summary_word, answer_valid, answer_row, answer_word,
                      answer, token_i, position_i, type_i, token_shift_i, position_shift_i, type_shift_i};
    end
  endgenerate
endmodule
`default_nettype wire
