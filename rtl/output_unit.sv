// What becomes of the sums of an encoder core: biases, requantisation, quotients and tables, LANES numbers a cycle.
//
// A job is the work of one instruction: `count` numbers of a row, in tiles of PO sums. Two jobs can be here at a time, in
// the two slots in turn; the core starts a job in a slot once done_o was high for the one before. A tile must not come
// before the one before it has gone: PO / LANES cycles.
//
//   job_i         {row, context, count, fields}; fields: see `fields` below, which hw/core/program.cc writes
//   kind          0 linear:   y = R((sum + bias) 2^(align - SHIFT)), bias and align from the parameters
//                 1 scores:   y = R(sum MULTIPLIER 2^(align - SHIFT)), nearest even, align from the job
//                 2 context:  y = R(sum 2^left / exponentials), exponentials: their sum in the job's slot of softmax_unit
//                 3 summary:  y = R(summary 2^left / rows), no tiles come for it
//                 each between lowest and highest; then, if the job says so, y is replaced by the table's entry for it
//   destination   0 scratch, 1 keys, 2 values, 3 scores, 4 layer norm (with a residual), 5 answer
//
// SERIAL: numbers are QUOTIENT_WIDTH + 1 cycles apart, so that one step of a division and one register do what else takes
// one for each cycle; a tile then takes as many times PO / LANES cycles.
//
// Data that the unit asks for follow their address by two cycles.
`default_nettype none
module output_unit #(
    parameter int PI                  = 8,
    parameter int PO                  = 8,
    parameter int LANES               = 1,
    parameter int IN_WIDTH            = 32,  // of a sum that comes
    parameter int SUM_WIDTH           = 32,  // with its bias, or times MULTIPLIER
    parameter int BIAS_WIDTH          = 16,
    parameter int ALIGN_WIDTH         = 4,
    parameter int SHIFT               = 12,  // at least 1
    parameter int MULTIPLIER          = 1,
    parameter int WIDTH               = 20,  // of a result
    parameter int ELEMENT_WIDTH       = 8,   // of a number in memory
    parameter int TABLE_WIDTH         = 8,   // of a table's entry
    parameter int TABLE_ADDRESS_WIDTH = 10,
    parameter int QUOTIENT_WIDTH      = 10,  // at least 2
    parameter int DENOMINATOR_WIDTH   = 24,
    parameter int DENOMINATOR_LEFT    = 0,
    parameter int SERIAL              = 0,
    parameter int LEFT_WIDTH          = 1,
    parameter int SUMMARY_WIDTH       = 16,
    parameter int SCORE_WIDTH         = 12,
    parameter int NORM_SUM_WIDTH      = 18,
    parameter int NORM_WIDTH          = 3,
    parameter int SLOT_WIDTH          = 2,
    parameter int PARAMETER_ADDRESS_WIDTH = 12,
    parameter int WORD_BASE_WIDTH     = 8,
    parameter int ROW_WIDTH           = 8,
    parameter int COUNT_WIDTH         = 10,
    parameter int PC_WIDTH            = 6,
    // Derived: not to be set.
    parameter int FIELDS_WIDTH = 2 + 3 + PARAMETER_ADDRESS_WIDTH + ALIGN_WIDTH + 2 + 2 * WIDTH + 1 +
                                 2 * TABLE_ADDRESS_WIDTH + WORD_BASE_WIDTH + NORM_WIDTH + 5 + 5 + LEFT_WIDTH +
                                 SLOT_WIDTH,
    parameter int JOB_WIDTH = PC_WIDTH + ROW_WIDTH + 1 + COUNT_WIDTH + FIELDS_WIDTH,
    parameter int PARAMETER_WIDTH = ALIGN_WIDTH + BIAS_WIDTH,
    parameter int TRACE_WIDTH = PC_WIDTH + ROW_WIDTH + COUNT_WIDTH + 2 * LANES * WIDTH
) (
    input  wire                                clk_i,
    input  wire                                rst_i,
    input  wire                                job_valid_i,
    input  wire                                job_slot_i,
    input  wire  [              JOB_WIDTH-1:0] job_i,
    input  wire                                sums_valid_i,
    input  wire  [            PO*IN_WIDTH-1:0] sums_i,
    output logic [PARAMETER_ADDRESS_WIDTH-1:0] parameter_address_o,
    input  wire  [  LANES*PARAMETER_WIDTH-1:0] parameters_i,
    output logic [            COUNT_WIDTH-1:0] summary_word_o,
    input  wire  [    LANES*SUMMARY_WIDTH-1:0] summary_i,
    input  wire  [      DENOMINATOR_WIDTH-1:0] rows_i,
    output logic [             SLOT_WIDTH-1:0] exponentials_slot_o,
    input  wire  [      DENOMINATOR_WIDTH-1:0] exponentials_i,
    output logic [LANES*TABLE_ADDRESS_WIDTH-1:0] table_address_o,
    input  wire  [      LANES*TABLE_WIDTH-1:0] table_i,
    output logic                               residual_context_o,
    output logic [            COUNT_WIDTH-1:0] residual_word_o,   // of PI numbers
    input  wire  [       PI*ELEMENT_WIDTH-1:0] residual_i,
    output logic                               scratch_write_o,
    output logic                               key_write_o,
    output logic                               value_write_o,
    output logic [        WORD_BASE_WIDTH-1:0] write_word_o,
    output logic [              ROW_WIDTH-1:0] write_row_o,
    output logic [       PI*ELEMENT_WIDTH-1:0] pi_word_o,
    output logic [       PO*ELEMENT_WIDTH-1:0] po_word_o,
    output logic                               score_valid_o,
    output logic                               score_last_o,
    output logic [             SLOT_WIDTH-1:0] score_slot_o,
    output logic [            COUNT_WIDTH-1:0] score_word_o,
    output logic [      LANES*SCORE_WIDTH-1:0] scores_o,
    output logic                               norm_valid_o,
    output logic                               norm_context_o,
    output logic [             NORM_WIDTH-1:0] norm_o,
    output logic [              ROW_WIDTH-1:0] norm_row_o,
    output logic [            COUNT_WIDTH-1:0] norm_word_o,
    output logic [   LANES*NORM_SUM_WIDTH-1:0] norm_sums_o,
    output logic                               answer_valid_o,
    output logic [              ROW_WIDTH-1:0] answer_row_o,
    output logic [            COUNT_WIDTH-1:0] answer_word_o,
    output logic [            LANES*WIDTH-1:0] answer_o,
    output logic                               done_o,
    output logic                               done_slot_o,
    output logic                               trace_valid_o,
    output logic [            TRACE_WIDTH-1:0] trace_o
);
  localparam int NumeratorWidth = ((IN_WIDTH > SUMMARY_WIDTH) ? IN_WIDTH : SUMMARY_WIDTH) + (1 << LEFT_WIDTH) - 1;
  localparam int Divisor = DENOMINATOR_WIDTH + DENOMINATOR_LEFT;
  localparam int Merge = QUOTIENT_WIDTH + 5;  // the stage at which quotients are there
  localparam int Last = Merge + 4;            // the stage at which results leave
  localparam int BeatsPi = PI / LANES, BeatsPo = PO / LANES;
  localparam int TileBeats = PO / LANES;
  localparam int TileWidth = $clog2(TileBeats + 1);

  // ---- Jobs in the two slots.
  logic [2*JOB_WIDTH-1:0] jobs_q;
  logic [1:0] waiting_q;  // jobs of which numbers are still to come
  always_ff @(posedge clk_i) begin
    for (int s = 0; s < 2; s++) begin
      if (job_valid_i && job_slot_i == 1'(s)) jobs_q[s*JOB_WIDTH+:JOB_WIDTH] <= job_i;
    end
  end

  // The parts of the job of each slot.
  logic [1:0] is_table, context_of;
  logic [2*2-1:0] kind, rounding;
  logic [2*3-1:0] destination;
  logic [2*PARAMETER_ADDRESS_WIDTH-1:0] parameter_base;
  logic [2*ALIGN_WIDTH-1:0] score_align;
  logic [2*WIDTH-1:0] lowest, highest;
  logic [2*TABLE_ADDRESS_WIDTH-1:0] table_base, table_mask;
  logic [2*WORD_BASE_WIDTH-1:0] word_base;
  logic [2*NORM_WIDTH-1:0] norm;
  logic [2*5-1:0] left_result, left_residual;
  logic [2*LEFT_WIDTH-1:0] left;
  logic [2*SLOT_WIDTH-1:0] softmax_slot;
  logic [2*COUNT_WIDTH-1:0] count;
  logic [2*ROW_WIDTH-1:0] row;
  logic [2*PC_WIDTH-1:0] pc;
  generate
    for (genvar s = 0; s < 2; s++) begin : g_job
      assign {
        pc[s*PC_WIDTH+:PC_WIDTH],
        row[s*ROW_WIDTH+:ROW_WIDTH],
        context_of[s],
        count[s*COUNT_WIDTH+:COUNT_WIDTH],
        softmax_slot[s*SLOT_WIDTH+:SLOT_WIDTH],
        left[s*LEFT_WIDTH+:LEFT_WIDTH],
        left_residual[s*5+:5],
        left_result[s*5+:5],
        norm[s*NORM_WIDTH+:NORM_WIDTH],
        word_base[s*WORD_BASE_WIDTH+:WORD_BASE_WIDTH],
        table_mask[s*TABLE_ADDRESS_WIDTH+:TABLE_ADDRESS_WIDTH],
        table_base[s*TABLE_ADDRESS_WIDTH+:TABLE_ADDRESS_WIDTH],
        is_table[s],
        highest[s*WIDTH+:WIDTH],
        lowest[s*WIDTH+:WIDTH],
        rounding[s*2+:2],
        score_align[s*ALIGN_WIDTH+:ALIGN_WIDTH],
        parameter_base[s*PARAMETER_ADDRESS_WIDTH+:PARAMETER_ADDRESS_WIDTH],
        destination[s*3+:3],
        kind[s*2+:2]
      } = jobs_q[s*JOB_WIDTH+:JOB_WIDTH];
    end
  endgenerate

  // ---- Stage 0: the numbers of a tile, LANES at a time.
  logic head_q, takes, takes_last, is_summary, pauses;
  logic [PO*IN_WIDTH-1:0] tile_q;
  logic [TileWidth-1:0] left_in_tile_q;
  logic [COUNT_WIDTH-1:0] word_q;
  assign is_summary = waiting_q[head_q] && kind[head_q*2+:2] == 2'd3;
  assign takes = (left_in_tile_q != '0 || is_summary) && !pauses;
  assign takes_last = takes && COUNT_WIDTH'(word_q + 1'b1) == count[head_q*COUNT_WIDTH+:COUNT_WIDTH];
  assign parameter_address_o = parameter_base[head_q*PARAMETER_ADDRESS_WIDTH+:PARAMETER_ADDRESS_WIDTH] +
                               PARAMETER_ADDRESS_WIDTH'(word_q);
  assign summary_word_o = word_q;

  always_ff @(posedge clk_i) begin
    if (sums_valid_i) tile_q <= sums_i;
    else if (takes) tile_q <= tile_q >> (LANES * IN_WIDTH);
    if (rst_i) begin
      head_q <= 1'b0;
      left_in_tile_q <= '0;
      word_q <= '0;
      waiting_q <= 2'b00;
    end else begin
      if (sums_valid_i) left_in_tile_q <= TileWidth'(TileBeats);
      else if (takes_last) left_in_tile_q <= '0;
      else if (takes && left_in_tile_q != '0) left_in_tile_q <= left_in_tile_q - 1'b1;
      if (takes) word_q <= takes_last ? '0 : word_q + 1'b1;
      if (takes_last) head_q <= !head_q;
      for (int s = 0; s < 2; s++) begin
        if (job_valid_i && job_slot_i == 1'(s)) waiting_q[s] <= 1'b1;
        else if (takes_last && head_q == 1'(s)) waiting_q[s] <= 1'b0;
      end
    end
  end

  generate
    if (SERIAL != 0) begin : g_pause
      logic [$clog2(QUOTIENT_WIDTH + 1)-1:0] pause_q;
      assign pauses = pause_q != '0;
      always_ff @(posedge clk_i) begin
        if (rst_i) pause_q <= '0;
        else if (takes) pause_q <= ($clog2(QUOTIENT_WIDTH + 1))'(QUOTIENT_WIDTH);
        else if (pauses) pause_q <= pause_q - 1'b1;
      end
    end else begin : g_none
      assign pauses = 1'b0;
    end
  endgenerate

  // ---- What accompanies the numbers: [s] belongs to stage s. Words are counted again where they are needed.
  // verilator lint_off UNUSEDSIGNAL
  logic [Last+1:1] valid_q, slot_q;
  // verilator lint_on UNUSEDSIGNAL
  logic [COUNT_WIDTH-1:0] early_word_q;  // of stage Last - 2
  logic [COUNT_WIDTH-1:0] later_word_q, word;  // of the two stages after it
  logic early_last;
  assign early_last = COUNT_WIDTH'(early_word_q + 1'b1) == count[slot_q[Last-2]*COUNT_WIDTH+:COUNT_WIDTH];
  always_ff @(posedge clk_i) begin
    if (rst_i) valid_q <= '0;
    else valid_q <= {valid_q[Last:1], takes};
    slot_q <= {slot_q[Last:1], head_q};
    if (rst_i) early_word_q <= '0;
    else if (valid_q[Last-2]) early_word_q <= early_last ? '0 : early_word_q + 1'b1;
    later_word_q <= early_word_q;
    word <= later_word_q;
  end
  logic [2:0] last_q;  // of stages Last - 1 to Last + 1
  always_ff @(posedge clk_i) last_q <= {last_q[1:0], early_last};

  assign exponentials_slot_o = softmax_slot[slot_q[2]*SLOT_WIDTH+:SLOT_WIDTH];
  logic [Divisor-1:0] denominator_q;
  logic [1:0] quotient_rounding_q;
  always_ff @(posedge clk_i) begin
    denominator_q <= Divisor'(kind[slot_q[2]*2+:2] == 2'd3 ? rows_i : exponentials_i) << DENOMINATOR_LEFT;
    quotient_rounding_q <= rounding[slot_q[2]*2+:2];
  end

  logic [LANES*WIDTH-1:0] results_q;                  // stage Merge + 1
  logic [LANES*WIDTH-1:0] results_q3, results_q4;     // the same in stages Merge + 3 and Last
  logic [LANES*WIDTH-1:0] y_q;                        // stage Last
  logic [LANES*ELEMENT_WIDTH-1:0] elements;           // of it
  logic [LANES*NORM_SUM_WIDTH-1:0] norm_sums_d;

  localparam int RoundedWidth = SUM_WIDTH + (1 << ALIGN_WIDTH) - SHIFT;
  generate
    for (genvar l = 0; l < LANES; l++) begin : g_lane
      logic [BIAS_WIDTH-1:0] bias;
      logic [ALIGN_WIDTH-1:0] align;
      assign {align, bias} = parameters_i[l*PARAMETER_WIDTH+:PARAMETER_WIDTH];

      // Stage 2 has the sum and its parameters, 3 the sum with its bias, 4 and 5 move it left, 6 has it rounded.
      logic [IN_WIDTH-1:0] sum_q1, sum_q2;
      logic [SUM_WIDTH-1:0] sum_q3;
      // verilator lint_off UNUSEDSIGNAL
      logic [ALIGN_WIDTH-1:0] align_q3, align_q4;
      // verilator lint_on UNUSEDSIGNAL
      localparam int AlignedWidth = SUM_WIDTH + (1 << ALIGN_WIDTH) - 1;
      logic [AlignedWidth-1:0] wide, aligned_q4, aligned_q5;
      logic [ALIGN_WIDTH-1:0] fine, coarse;  // up to 7 places, and multiples of 8
      assign wide = AlignedWidth'($signed(sum_q3));
      if (ALIGN_WIDTH > 3) begin : g_far
        assign fine = {{(ALIGN_WIDTH - 3) {1'b0}}, align_q3[2:0]};
        assign coarse = {align_q4[ALIGN_WIDTH-1:3], 3'b000};
      end else begin : g_near
        assign fine = align_q3;
        assign coarse = '0;
      end
      logic [RoundedWidth-1:0] rounded_d;
      logic is_scores2;
      assign is_scores2 = kind[slot_q[2]*2+:2] == 2'd1;
      round_shift #(
          .WIDTH(AlignedWidth),
          .SHIFT(SHIFT)
      ) i_round (
          .x_i(aligned_q5),
          .rounding_i(rounding[slot_q[5]*2+:2]),
          .y_o(rounded_d)
      );
      logic [RoundedWidth-1:0] rounded_q;    // stage 6
      logic [WIDTH-1:0] bounded_d, bounded;  // stage 6, stage Merge
      saturate #(
          .IN_WIDTH(RoundedWidth),
          .WIDTH(WIDTH)
      ) i_bound (
          .x_i(rounded_q),
          .lowest_i(lowest[slot_q[6]*WIDTH+:WIDTH]),
          .highest_i(highest[slot_q[6]*WIDTH+:WIDTH]),
          .y_o(bounded_d)
      );
      if (SERIAL != 0) begin : g_held
        logic [WIDTH-1:0] bounded_q;
        assign bounded = bounded_q;
        assign sum_q2 = sum_q1;
        always_ff @(posedge clk_i) begin
          if (takes) sum_q1 <= tile_q[l*IN_WIDTH+:IN_WIDTH];
          if (valid_q[6]) bounded_q <= bounded_d;
        end
      end else begin : g_delayed
        logic [(Merge-6)*WIDTH-1:0] bounded_q;  // stages 7 to Merge
        logic [IN_WIDTH-1:0] later_q;
        assign bounded = bounded_q[(Merge-7)*WIDTH+:WIDTH];
        assign sum_q2 = later_q;
        always_ff @(posedge clk_i) begin
          sum_q1 <= tile_q[l*IN_WIDTH+:IN_WIDTH];
          later_q <= sum_q1;
          bounded_q <= ((Merge - 6) * WIDTH)'({bounded_q, bounded_d});
        end
      end
      always_ff @(posedge clk_i) begin
        sum_q3 <= is_scores2 ? SUM_WIDTH'($signed(sum_q2)) * SUM_WIDTH'(MULTIPLIER) :
                  SUM_WIDTH'($signed(sum_q2)) + SUM_WIDTH'($signed(bias));
        align_q3 <= is_scores2 ? score_align[slot_q[2]*ALIGN_WIDTH+:ALIGN_WIDTH] : align;
        align_q4 <= align_q3;
        aligned_q4 <= wide << fine;
        aligned_q5 <= aligned_q4 << coarse;
        rounded_q <= rounded_d;
      end

      // Quotients: stage 3 has the numerator.
      logic [SUMMARY_WIDTH-1:0] summary;
      logic [NumeratorWidth-1:0] numerator_q;
      logic [QUOTIENT_WIDTH+1:0] quotient;
      assign summary = summary_i[l*SUMMARY_WIDTH+:SUMMARY_WIDTH];
      always_ff @(posedge clk_i) begin
        numerator_q <= (kind[slot_q[2]*2+:2] == 2'd3 ? NumeratorWidth'($signed(summary)) :
                        NumeratorWidth'($signed(sum_q2))) << left[slot_q[2]*LEFT_WIDTH+:LEFT_WIDTH];
      end
      quotient #(
          .NUMERATOR_WIDTH(NumeratorWidth),
          .DENOMINATOR_WIDTH(Divisor),
          .WIDTH(QUOTIENT_WIDTH),
          .SERIAL(SERIAL)
      ) i_quotient (
          .clk_i,
          .start_i(valid_q[3]),
          .numerator_i(numerator_q),
          .denominator_i(denominator_q),
          .rounding_i(quotient_rounding_q),
          .y_o(quotient)
      );

      logic [WIDTH-1:0] bounded_quotient;
      saturate #(
          .IN_WIDTH(QUOTIENT_WIDTH + 2),
          .WIDTH(WIDTH)
      ) i_saturate (
          .x_i(quotient),
          .lowest_i(lowest[slot_q[Merge]*WIDTH+:WIDTH]),
          .highest_i(highest[slot_q[Merge]*WIDTH+:WIDTH]),
          .y_o(bounded_quotient)
      );
      always_ff @(posedge clk_i) begin
        if (SERIAL == 0 || valid_q[Merge])
          results_q[l*WIDTH+:WIDTH] <= kind[slot_q[Merge]*2+1] ? bounded_quotient : bounded;
      end

      // The table: its entry is there at stage Merge + 3.
      assign table_address_o[l*TABLE_ADDRESS_WIDTH+:TABLE_ADDRESS_WIDTH] =
          table_base[slot_q[Merge+1]*TABLE_ADDRESS_WIDTH+:TABLE_ADDRESS_WIDTH] |
          (TABLE_ADDRESS_WIDTH'(results_q[l*WIDTH+:WIDTH]) &
           table_mask[slot_q[Merge+1]*TABLE_ADDRESS_WIDTH+:TABLE_ADDRESS_WIDTH]);
      always_ff @(posedge clk_i) begin
        y_q[l*WIDTH+:WIDTH] <= is_table[slot_q[Merge+3]] ? WIDTH'($signed(table_i[l*TABLE_WIDTH+:TABLE_WIDTH])) :
                               results_q3[l*WIDTH+:WIDTH];
      end
      assign elements[l*ELEMENT_WIDTH+:ELEMENT_WIDTH] = y_q[l*WIDTH+:ELEMENT_WIDTH];
      assign scores_o[l*SCORE_WIDTH+:SCORE_WIDTH] = y_q[l*WIDTH+:SCORE_WIDTH];

      // With the residual. Its word holds BeatsPi beats.
      logic [ELEMENT_WIDTH-1:0] residual;
      if (BeatsPi > 1) begin : g_select
        logic [$clog2(BeatsPi)-1:0] beat;
        assign beat = word[$clog2(BeatsPi)-1:0];
        assign residual = residual_i[(beat*LANES+l)*ELEMENT_WIDTH+:ELEMENT_WIDTH];
      end else begin : g_same
        assign residual = residual_i[l*ELEMENT_WIDTH+:ELEMENT_WIDTH];
      end
      assign norm_sums_d[l*NORM_SUM_WIDTH+:NORM_SUM_WIDTH] =
          (NORM_SUM_WIDTH'($signed(y_q[l*WIDTH+:WIDTH])) << left_result[slot_q[Last]*5+:5]) +
          (NORM_SUM_WIDTH'($signed(residual)) << left_residual[slot_q[Last]*5+:5]);
    end
  endgenerate
  generate
    if (SERIAL != 0) begin : g_result
      assign results_q3 = results_q;
      assign results_q4 = results_q;
    end else begin : g_results
      logic [3*LANES*WIDTH-1:0] delayed_q;
      assign results_q3 = delayed_q[LANES*WIDTH+:LANES*WIDTH];
      assign results_q4 = delayed_q[2*LANES*WIDTH+:LANES*WIDTH];
      always_ff @(posedge clk_i) delayed_q <= {delayed_q[2*LANES*WIDTH-1:0], results_q};
    end
  endgenerate

  // ---- Stage Last: to the destinations.
  logic slot;
  logic [2:0] to;
  logic valid;
  assign valid = valid_q[Last];
  assign slot = slot_q[Last];
  assign to = destination[slot*3+:3];
  assign residual_context_o = context_of[slot_q[Last-2]];
  assign residual_word_o = early_word_q >> $clog2(BeatsPi);

  // verilator lint_off UNUSEDSIGNAL
  logic [COUNT_WIDTH-1:0] word_of_pi, word_of_po;  // words of PI and of PO numbers
  // verilator lint_on UNUSEDSIGNAL
  assign word_of_pi = word >> $clog2(BeatsPi);
  assign word_of_po = word >> $clog2(BeatsPo);

  logic pi_full, po_full;
  logic to_scratch_q, to_key_q, to_value_q;
  localparam int PiIndexWidth = (BeatsPi > 1) ? $clog2(BeatsPi) : 1, PoIndexWidth = (BeatsPo > 1) ? $clog2(BeatsPo) : 1;
  word_gather #(
      .LANES(LANES),
      .ELEMENTS(PI),
      .WIDTH(ELEMENT_WIDTH)
  ) i_pi (
      .clk_i,
      .rst_i,
      .valid_i(valid && (to == 3'd0 || to == 3'd1)),
      .index_i(word[PiIndexWidth-1:0]),
      .data_i(elements),
      .valid_o(pi_full),
      .data_o(pi_word_o)
  );
  word_gather #(
      .LANES(LANES),
      .ELEMENTS(PO),
      .WIDTH(ELEMENT_WIDTH)
  ) i_po (
      .clk_i,
      .rst_i,
      .valid_i(valid && to == 3'd2),
      .index_i(word[PoIndexWidth-1:0]),
      .data_i(elements),
      .valid_o(po_full),
      .data_o(po_word_o)
  );
  assign scratch_write_o = pi_full && to_scratch_q;
  assign key_write_o = pi_full && to_key_q;
  assign value_write_o = po_full && to_value_q;

  always_ff @(posedge clk_i) begin
    to_scratch_q <= to == 3'd0;
    to_key_q <= to == 3'd1;
    to_value_q <= to == 3'd2;
    write_word_o <= word_base[slot*WORD_BASE_WIDTH+:WORD_BASE_WIDTH] +
                    (to == 3'd2 ? WORD_BASE_WIDTH'(word_of_po) : WORD_BASE_WIDTH'(word_of_pi));
    write_row_o <= row[slot*ROW_WIDTH+:ROW_WIDTH];
    norm_valid_o <= !rst_i && valid && to == 3'd4;
    norm_context_o <= context_of[slot];
    norm_o <= norm[slot*NORM_WIDTH+:NORM_WIDTH];
    norm_row_o <= row[slot*ROW_WIDTH+:ROW_WIDTH];
    norm_word_o <= word;
    norm_sums_o <= norm_sums_d;
    done_o <= !rst_i && valid_q[Last+1] && last_q[2];
    done_slot_o <= slot_q[Last+1];
  end
  assign score_valid_o = valid && to == 3'd3;
  assign score_last_o = last_q[1];
  assign score_slot_o = softmax_slot[slot*SLOT_WIDTH+:SLOT_WIDTH];
  assign score_word_o = word;
  assign answer_valid_o = valid && to == 3'd5;
  assign answer_row_o = row[slot*ROW_WIDTH+:ROW_WIDTH];
  assign answer_word_o = word;
  assign answer_o = y_q;

  assign trace_valid_o = valid && to != 3'd3;  // scores are not kept as such
  assign trace_o = {
    pc[slot*PC_WIDTH+:PC_WIDTH], row[slot*ROW_WIDTH+:ROW_WIDTH], word, y_q, results_q4
  };
endmodule
`default_nettype wire
