// Runs the program of an encoder core: one instruction after another, each a product of matrices, its steps one a cycle.
//
// Rows are taken two at a time, one a context, so that what one waits for happens while the other is computed. A word of
// the program (hw/core/program.cc writes it), lowest bits first, in PARTS words of the ROM:
//
//   operation        0 linear, 1 scores, 2 context (values weighted by exponentials), 3 loop, 4 end, 5 embed, 6 summary
//   context          whose row: 0 the even one, 1 the odd one; an instruction for a row that the text lacks is skipped
//   ahead            1: the row after next of that context
//   waits            for results of outputs, softmax, norms: of its context, or, if `all`, of both
//   from_x           reads the row of x, else the scratch memory
//   captures         what it reads becomes the row's residual
//   writes_norm      its results go to a layer norm
//   a_base           first word in the scratch memory, or the slot of the exponentials
//   inner            words that a sum takes - 1; of a context instead as many as the text has
//   tiles            of PO sums - 1; of scores instead as many as the text has
//   b_base           first word of the weights, or of the head in a row of keys or values
//   beats            of results, in beats of LANES; of scores instead as many as the text has
//   target           of a loop, which goes on with the next two rows
//   fields           for output_unit
//
//   start_i       a text of n_i rows is there; n_i stays. done_o is high for one cycle at its end.
//   program_i     follows pc_o, {instruction, part}, by one cycle
//   step_*        addresses of this cycle's operands
//   job_*         a job for output_unit, before its first step
`default_nettype none
module sequencer #(
    parameter int PI               = 8,
    parameter int PO               = 8,
    parameter int LANES            = 1,
    parameter int HIDDEN           = 128,
    parameter int LONGEST          = 256,
    parameter int HEADS            = 2,
    parameter int GAP              = 1,   // cycles from a result of output_unit to the next
    parameter int PC_WIDTH         = 6,
    parameter int PARTS            = 1,   // a power of two
    parameter int A_BASE_WIDTH     = 8,   // of scratch words and slots
    parameter int A_WIDTH          = 12,  // of words of any of the memories
    parameter int INNER_WIDTH      = 6,
    parameter int TILES_WIDTH      = 6,
    parameter int B_WIDTH          = 13,
    parameter int BEATS_WIDTH      = 10,
    parameter int FIELDS_WIDTH     = 100,
    // Derived: not to be set.
    parameter int N_WIDTH          = $clog2(LONGEST + 1),
    parameter int ROW_WIDTH        = (LONGEST > 1) ? $clog2(LONGEST) : 1,
    parameter int SLOTS            = 2 * HEADS,
    parameter int SLOT_WIDTH       = $clog2(SLOTS),
    parameter int PROGRAM_WIDTH    = 3 + 1 + 1 + 3 + 1 + 1 + 1 + 1 + A_BASE_WIDTH + INNER_WIDTH + TILES_WIDTH + B_WIDTH +
                                     BEATS_WIDTH + PC_WIDTH + FIELDS_WIDTH,
    parameter int PART_WIDTH       = (PROGRAM_WIDTH + PARTS - 1) / PARTS,
    parameter int ROM_ADDRESS_WIDTH = PC_WIDTH + $clog2(PARTS),
    parameter int JOB_WIDTH        = PC_WIDTH + ROW_WIDTH + 1 + BEATS_WIDTH + FIELDS_WIDTH
) (
    input  wire                      clk_i,
    input  wire                      rst_i,
    input  wire                      start_i,
    input  wire  [      N_WIDTH-1:0] n_i,
    output logic                     done_o,
    output logic [ROM_ADDRESS_WIDTH-1:0] pc_o,
    input  wire  [   PART_WIDTH-1:0] program_i,
    output logic                     step_valid_o,
    output logic                     step_first_o,
    output logic                     step_last_o,
    output logic [              1:0] step_operation_o,
    output logic                     step_from_x_o,
    output logic [      A_WIDTH-1:0] step_a_o,
    output logic [      B_WIDTH-1:0] step_b_o,
    output logic                     step_captures_o,
    output logic                     step_context_o,
    output logic [  INNER_WIDTH-1:0] step_inner_o,
    output logic                     job_valid_o,
    output logic                     job_slot_o,
    output logic [    JOB_WIDTH-1:0] job_o,
    output logic                     embed_valid_o,
    output logic                     embed_context_o,
    output logic [    ROW_WIDTH-1:0] embed_row_o,
    input  wire                      embed_busy_i,
    input  wire                      output_done_i,
    input  wire                      output_done_slot_i,
    input  wire                      softmax_done_i,
    input  wire  [   SLOT_WIDTH-1:0] softmax_done_slot_i,
    input  wire                      norm_done_i,
    input  wire                      norm_done_context_i
);
  localparam int XWords = HIDDEN / PI;       // of a row of x and of keys
  localparam int ValueWords = HIDDEN / PO;   // of a row of values
  localparam int EWords = (LONGEST + PI - 1) / PI;
  localparam int Period = PO / LANES * GAP;  // the fewest cycles from a tile to the next
  localparam int WaitWidth = $clog2(Period + 1);
  localparam int LongWidth = ((INNER_WIDTH > WaitWidth) ? INNER_WIDTH : WaitWidth) + 1;
  localparam int HeadCountWidth = $clog2(HEADS + 1);
  localparam int SizeWidth = N_WIDTH + $clog2(PI) + $clog2(PO) + 1;

  // ---- The instruction.
  // A register behind the ROM, which its parts come into from above: what is decoded takes a cycle of its own.
  // verilator lint_off UNUSEDSIGNAL
  logic [PARTS*PART_WIDTH-1:0] program_q;  // its last bits can be beyond the word
  logic asks;                              // only parts of a word are asked for one by one
  // verilator lint_on UNUSEDSIGNAL
  logic loads, last_part;
  logic [PC_WIDTH-1:0] pc_q;
  generate
    if (PARTS > 1) begin : g_parts
      logic [$clog2(PARTS)-1:0] part_q;  // that is asked for
      always_ff @(posedge clk_i) begin
        part_q <= (asks || loads) ? part_q + 1'b1 : '0;
        if (loads) program_q <= {program_i, program_q[PARTS*PART_WIDTH-1:PART_WIDTH]};
      end
      assign last_part = part_q == '0;
      assign pc_o = {pc_q, part_q};
    end else begin : g_whole
      always_ff @(posedge clk_i) if (loads) program_q <= program_i;
      assign last_part = 1'b1;
      assign pc_o = pc_q;
    end
  endgenerate
  logic [2:0] operation;
  logic context_, ahead, all, from_x, captures, writes_norm;
  logic [2:0] waits;
  logic [A_BASE_WIDTH-1:0] a_base;
  logic [INNER_WIDTH-1:0] inner;
  logic [TILES_WIDTH-1:0] tiles;
  logic [B_WIDTH-1:0] b_base;
  logic [BEATS_WIDTH-1:0] beats;
  logic [PC_WIDTH-1:0] target;
  logic [FIELDS_WIDTH-1:0] fields;
  assign {fields, target, beats, b_base, tiles, inner, a_base, writes_norm, captures, from_x, all, waits, ahead,
          context_, operation} = program_q[PROGRAM_WIDTH-1:0];

  // ---- What the length of the text makes of sizes.
  logic [INNER_WIDTH-1:0] key_words_q;   // words of exponentials - 1
  logic [TILES_WIDTH-1:0] key_tiles_q;   // tiles of scores - 1
  logic [BEATS_WIDTH-1:0] score_beats_q;
  // verilator lint_off UNUSEDSIGNAL
  logic [SizeWidth-1:0] words, tiles_of_keys, beats_of_scores;
  // verilator lint_on UNUSEDSIGNAL
  assign words = (SizeWidth'(n_i) + SizeWidth'(PI - 1)) >> $clog2(PI);
  assign tiles_of_keys = (SizeWidth'(n_i) + SizeWidth'(PO - 1)) >> $clog2(PO);
  assign beats_of_scores = (SizeWidth'(n_i) + SizeWidth'(LANES - 1)) >> $clog2(LANES);
  always_ff @(posedge clk_i) begin
    key_words_q <= INNER_WIDTH'(words) - 1'b1;
    key_tiles_q <= TILES_WIDTH'(tiles_of_keys) - 1'b1;
    score_beats_q <= BEATS_WIDTH'(beats_of_scores);
  end

  // ---- Fetch and decode.
  typedef enum logic [2:0] {
    Idle,
    Measure,
    Fetch,
    Load,
    Decode,
    Ready,
    Ends
  } state_t;
  state_t state_q;
  logic [N_WIDTH:0] row_q, row;  // of context 0; of the instruction
  logic is_there, blocked, issues, skips, loops, last_step;
  assign asks = state_q == Fetch;
  assign loads = state_q == Load;
  assign row = row_q + (N_WIDTH + 1)'({ahead, context_});
  assign is_there = row < (N_WIDTH + 1)'(n_i);
  assign loops = row_q + (N_WIDTH + 1)'(2) < (N_WIDTH + 1)'(n_i);

  // ---- What is under way.
  logic slot_q;
  logic [1:0] busy_q, busy_context_q, norm_busy_q;  // jobs by slot; layer norms by context
  logic [2*HeadCountWidth-1:0] softmax_busy_q;      // heads by context
  logic [1:0] output_busy, softmax_busy;
  logic softmax_done_context;
  assign output_busy = {busy_q[0] && busy_context_q[0] || busy_q[1] && busy_context_q[1],
                        busy_q[0] && !busy_context_q[0] || busy_q[1] && !busy_context_q[1]};
  assign softmax_busy = {softmax_busy_q[HeadCountWidth+:HeadCountWidth] != '0,
                         softmax_busy_q[0+:HeadCountWidth] != '0};
  assign softmax_done_context = softmax_done_slot_i >= SLOT_WIDTH'(HEADS);
  assign blocked = waits[0] && (all ? output_busy != 2'b00 : output_busy[context_]) ||
                   waits[1] && (all ? softmax_busy != 2'b00 : softmax_busy[context_]) ||
                   waits[2] && (all ? norm_busy_q != 2'b00 : norm_busy_q[context_]);

  logic running_q, is_job, is_embed;
  assign is_job = operation <= 3'd2 || operation == 3'd6;
  assign is_embed = operation == 3'd5;
  assign skips = (is_job || is_embed) && operation != 3'd6 && !is_there;
  assign issues = state_q == Ready && !blocked && !busy_q[slot_q] && (!running_q || last_step);
  assign embed_valid_o = state_q == Decode && is_embed && is_there && !norm_busy_q[context_] && !embed_busy_i;
  assign embed_context_o = context_;
  assign embed_row_o = ROW_WIDTH'(row);
  assign done_o = state_q == Ends && output_busy == 2'b00 && norm_busy_q == 2'b00;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= Idle;
    end else begin
      case (state_q)
        Idle: if (start_i) state_q <= Measure;
        Measure: state_q <= Fetch;
        Fetch: state_q <= Load;
        Load: if (last_part) state_q <= Decode;
        Decode:
        if (skips || operation == 3'd3) state_q <= Fetch;
        else if (operation == 3'd4) state_q <= Ends;
        else if (!is_embed) state_q <= Ready;
        else if (embed_valid_o) state_q <= Fetch;
        Ready: if (issues) state_q <= Fetch;
        default: if (done_o) state_q <= Idle;
      endcase
    end
    if (state_q == Idle) begin
      pc_q  <= '0;
      row_q <= '0;
    end else if (state_q == Decode && operation == 3'd3) begin
      pc_q  <= loops ? target : pc_q + 1'b1;
      row_q <= loops ? row_q + (N_WIDTH + 1)'(2) : '0;
    end else if ((state_q == Decode && (skips || embed_valid_o)) || issues) begin
      pc_q <= pc_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      slot_q <= 1'b0;
      busy_q <= 2'b00;
      norm_busy_q <= 2'b00;
      softmax_busy_q <= '0;
    end else begin
      if (issues) slot_q <= !slot_q;
      for (int s = 0; s < 2; s++) begin
        if (issues && slot_q == 1'(s)) busy_q[s] <= 1'b1;
        else if (output_done_i && output_done_slot_i == 1'(s)) busy_q[s] <= 1'b0;
      end
      for (int c = 0; c < 2; c++) begin
        if (((issues && writes_norm) || embed_valid_o) && context_ == 1'(c)) norm_busy_q[c] <= 1'b1;
        else if (norm_done_i && norm_done_context_i == 1'(c)) norm_busy_q[c] <= 1'b0;
        softmax_busy_q[c*HeadCountWidth+:HeadCountWidth] <= softmax_busy_q[c*HeadCountWidth+:HeadCountWidth] +
            HeadCountWidth'(issues && operation == 3'd1 && context_ == 1'(c)) -
            HeadCountWidth'(softmax_done_i && softmax_done_context == 1'(c));
      end
    end
    if (issues) busy_context_q[slot_q] <= context_;
  end

  assign job_valid_o = issues;
  assign job_slot_o = slot_q;
  // Yosys 0.23 does not shorten what is cast within a concatenation.
  logic [ROW_WIDTH-1:0] job_row;
  assign job_row = ROW_WIDTH'(row);
  assign job_o = {pc_q, job_row, context_, operation == 3'd1 ? score_beats_q : beats, fields};

  // ---- Steps. A tile with fewer than the fewest cycles waits first, so that its sums come when those before have gone.
  logic [WaitWidth-1:0] wait_q, wait_last_q, wait_d;
  logic [INNER_WIDTH-1:0] inner_q, inner_last_q, inner_last_d;
  logic [TILES_WIDTH-1:0] tiles_left_q;
  logic [1:0] operation_q;
  logic [A_WIDTH-1:0] a_base_q;
  logic [B_WIDTH-1:0] b_q, b_tile_q, b_next_tile;
  logic steps, ends_tile, first_tile_q, from_x_q, captures_q, context_q;
  assign inner_last_d = operation == 3'd2 ? key_words_q : inner;
  assign wait_d = LongWidth'(inner_last_d) + 1'b1 > LongWidth'(Period - 1) ? '0 :
                  WaitWidth'(Period - 1) - WaitWidth'(inner_last_d);
  assign steps = running_q && wait_q == '0;
  assign ends_tile = steps && inner_q == inner_last_q;
  assign last_step = ends_tile && tiles_left_q == '0;
  assign b_next_tile = b_tile_q + (operation_q == 2'd0 ? B_WIDTH'(inner_last_q) + 1'b1 :
                                   operation_q == 2'd1 ? B_WIDTH'(XWords) : B_WIDTH'(1));

  always_ff @(posedge clk_i) begin
    if (rst_i) running_q <= 1'b0;
    else if (issues) running_q <= operation != 3'd6;
    else if (last_step) running_q <= 1'b0;
    if (issues) begin
      operation_q <= operation[1:0];
      from_x_q <= from_x;
      captures_q <= captures;
      context_q <= context_;
      wait_q <= wait_d;
      wait_last_q <= wait_d;
      inner_q <= '0;
      inner_last_q <= inner_last_d;
      tiles_left_q <= operation == 3'd1 ? key_tiles_q : tiles;
      a_base_q <= operation == 3'd2 ? A_WIDTH'(a_base) * A_WIDTH'(EWords) :
                  from_x ? A_WIDTH'(row) * A_WIDTH'(XWords) : A_WIDTH'(a_base);
      b_q <= b_base;
      b_tile_q <= b_base;
      first_tile_q <= 1'b1;
    end else if (ends_tile) begin
      wait_q <= wait_last_q;
      inner_q <= '0;
      tiles_left_q <= tiles_left_q - 1'b1;
      first_tile_q <= 1'b0;
      b_tile_q <= b_next_tile;
      b_q <= b_next_tile;
    end else if (steps) begin
      inner_q <= inner_q + 1'b1;
      b_q <= b_q + (operation_q == 2'd2 ? B_WIDTH'(ValueWords) : B_WIDTH'(1));
    end else begin
      wait_q <= wait_q - 1'b1;
    end
  end

  assign step_valid_o = steps;
  assign step_first_o = inner_q == '0;
  assign step_last_o = inner_q == inner_last_q;
  assign step_operation_o = operation_q;
  assign step_from_x_o = from_x_q;
  assign step_a_o = a_base_q + A_WIDTH'(inner_q);
  assign step_b_o = b_q;
  assign step_captures_o = captures_q && first_tile_q;
  assign step_context_o = context_q;
  assign step_inner_o = inner_q;
endmodule
`default_nettype wire
