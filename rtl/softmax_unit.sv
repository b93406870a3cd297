// The exponentials of rows of scores of an encoder core, as compress/integer/ops/attention.h defines them:
//
//   t[j] = min(max s - s[j], 255),  e[j] = exponentials[t[j]]
//
// A slot holds the scores of one head of one row; rows are of n_i scores, which stays as it is while any row is here.
//
//   valid_i ...       beats of LANES scores, word_i 0, 1, ... in this order until n_i scores are there; those at n_i and
//                     beyond are not scores. last_i: the last beat
//   table_address_o   t of each lane; table_i follows by two cycles
//   e_write_o ...     words of ELEMENTS exponentials, in order, word 0 to ceil(n_i / ELEMENTS) - 1 of their slot; those
//                     beyond n_i are 0
//   sum_slot_i        sum_o is the sum of the exponentials of that slot
//   done_o, done_slot_o   high for one cycle when words and sum of a slot are there: a row takes
//                     ceil(n / ELEMENTS) ELEMENTS / LANES cycles, and done_o follows the last of them by 7
`default_nettype none
module softmax_unit #(
    parameter int SLOTS             = 4,
    parameter int LONGEST           = 256,
    parameter int LANES             = 1,
    parameter int ELEMENTS          = 8,
    parameter int SCORE_WIDTH       = 12,
    parameter int EXPONENTIAL_WIDTH = 16,
    // Derived: not to be set.
    parameter int N_WIDTH           = $clog2(LONGEST + 1),
    parameter int SLOT_WIDTH        = (SLOTS > 1) ? $clog2(SLOTS) : 1,
    parameter int E_WORDS           = (LONGEST + ELEMENTS - 1) / ELEMENTS,
    parameter int WORDS             = E_WORDS * (ELEMENTS / LANES),
    parameter int WORD_WIDTH        = (WORDS > 1) ? $clog2(WORDS) : 1,
    parameter int E_ADDRESS_WIDTH   = (SLOTS * E_WORDS > 1) ? $clog2(SLOTS * E_WORDS) : 1,
    parameter int SUM_WIDTH         = EXPONENTIAL_WIDTH + N_WIDTH,
    parameter int INDEX_WIDTH       = $clog2(LONGEST + ELEMENTS) + 1
) (
    input  wire                                    clk_i,
    input  wire                                    rst_i,
    input  wire  [                    N_WIDTH-1:0] n_i,
    input  wire                                    valid_i,
    input  wire                                    last_i,
    input  wire  [                 SLOT_WIDTH-1:0] slot_i,
    input  wire  [                 WORD_WIDTH-1:0] word_i,
    input  wire  [          LANES*SCORE_WIDTH-1:0] scores_i,
    output logic [                    LANES*8-1:0] table_address_o,
    input  wire  [    LANES*EXPONENTIAL_WIDTH-1:0] table_i,
    output logic                                   e_write_o,
    output logic [            E_ADDRESS_WIDTH-1:0] e_address_o,
    output logic [ELEMENTS*EXPONENTIAL_WIDTH-1:0] e_data_o,
    input  wire  [                 SLOT_WIDTH-1:0] sum_slot_i,
    output logic [                  SUM_WIDTH-1:0] sum_o,
    output logic                                   done_o,
    output logic [                 SLOT_WIDTH-1:0] done_slot_o
);
  localparam int Beats = ELEMENTS / LANES;  // of a word of exponentials
  localparam int BeatWidth = (Beats > 1) ? $clog2(Beats) : 1;
  localparam int EWordWidth = (E_WORDS > 1) ? $clog2(E_WORDS) : 1;
  localparam int JobWidth = SLOT_WIDTH + 1;
  localparam int AddressWidth = (SLOTS * WORDS > 1) ? $clog2(SLOTS * WORDS) : 1;

  // ---- Scores come in: a register for them and for which of them are scores, then the highest of a row.
  logic [N_WIDTH-1:0] n_q;
  logic in_valid_q, in_last_q;
  logic [SLOT_WIDTH-1:0] in_slot_q;
  logic [WORD_WIDTH-1:0] in_word_q;
  logic [LANES*SCORE_WIDTH-1:0] in_scores_q;
  logic [LANES-1:0] in_mask_q;
  always_ff @(posedge clk_i) begin
    n_q <= n_i;
    in_valid_q <= valid_i && !rst_i;
    in_last_q <= last_i;
    in_slot_q <= slot_i;
    in_word_q <= word_i;
    in_scores_q <= scores_i;
    for (int l = 0; l < LANES; l++)
      in_mask_q[l] <= INDEX_WIDTH'(word_i) * INDEX_WIDTH'(LANES) + INDEX_WIDTH'(l) < INDEX_WIDTH'(n_q);
  end

  logic signed [SCORE_WIDTH-1:0] beat_highest, highest_q;
  always_comb begin
    beat_highest = {1'b1, {(SCORE_WIDTH - 1) {1'b0}}};
    for (int l = 0; l < LANES; l++) begin
      if ($signed(in_scores_q[l*SCORE_WIDTH+:SCORE_WIDTH]) > beat_highest && in_mask_q[l])
        beat_highest = in_scores_q[l*SCORE_WIDTH+:SCORE_WIDTH];
    end
  end

  // Rows that are whole wait in the order in which they came; their slots are all different, so SLOTS places suffice.
  logic signed [SCORE_WIDTH-1:0] highest_d;
  logic [SLOTS*SCORE_WIDTH-1:0] waiting_highest_q;
  logic [SLOTS*SLOT_WIDTH-1:0] waiting_slot_q;
  logic [JobWidth-1:0] came_q, went_q;  // counters of rows, modulo 2 SLOTS or more
  logic [SLOT_WIDTH-1:0] place_in_q, place_out_q;
  logic starts;
  assign highest_d = (in_word_q == '0 || beat_highest > highest_q) ? beat_highest : highest_q;

  always_ff @(posedge clk_i) begin
    if (in_valid_q) highest_q <= highest_d;
    if (rst_i) begin
      came_q <= '0;
      place_in_q <= '0;
    end else if (in_valid_q && in_last_q) begin
      came_q <= came_q + 1'b1;
      place_in_q <= (place_in_q == SLOT_WIDTH'(SLOTS - 1)) ? '0 : place_in_q + 1'b1;
    end
    for (int s = 0; s < SLOTS; s++) begin
      if (in_valid_q && in_last_q && place_in_q == SLOT_WIDTH'(s)) begin
        waiting_highest_q[s*SCORE_WIDTH+:SCORE_WIDTH] <= highest_d;
        waiting_slot_q[s*SLOT_WIDTH+:SLOT_WIDTH] <= in_slot_q;
      end
    end
  end

  // ---- A row goes out.
  logic runs_q, ends;
  logic [SLOT_WIDTH-1:0] slot_q;
  logic [SCORE_WIDTH-1:0] most_q;
  logic [BeatWidth-1:0] beat_q;
  logic [EWordWidth-1:0] e_word_q, e_last_q;
  logic [AddressWidth-1:0] address_q;
  logic [INDEX_WIDTH-1:0] index_q;  // of the first score of the beat
  assign ends = runs_q && e_word_q == e_last_q && (Beats == 1 || beat_q == BeatWidth'(Beats - 1));
  assign starts = (!runs_q || ends) && came_q != went_q;

  logic [INDEX_WIDTH-1:0] rounded_up;
  assign rounded_up = (INDEX_WIDTH'(n_q) + INDEX_WIDTH'(ELEMENTS - 1)) / INDEX_WIDTH'(ELEMENTS);

  logic [SLOT_WIDTH-1:0] next_slot;
  logic [SCORE_WIDTH-1:0] next_highest;
  always_comb begin
    next_slot = '0;
    next_highest = '0;
    for (int s = 0; s < SLOTS; s++) begin
      if (place_out_q == SLOT_WIDTH'(s)) begin
        next_slot = waiting_slot_q[s*SLOT_WIDTH+:SLOT_WIDTH];
        next_highest = waiting_highest_q[s*SCORE_WIDTH+:SCORE_WIDTH];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      runs_q <= 1'b0;
      went_q <= '0;
      place_out_q <= '0;
    end else begin
      if (starts) begin
        runs_q <= 1'b1;
        went_q <= went_q + 1'b1;
        place_out_q <= (place_out_q == SLOT_WIDTH'(SLOTS - 1)) ? '0 : place_out_q + 1'b1;
      end else if (ends) begin
        runs_q <= 1'b0;
      end
    end
    e_last_q <= EWordWidth'(rounded_up - 1'b1);
    if (starts) begin
      slot_q <= next_slot;
      most_q <= next_highest;
      beat_q <= '0;
      e_word_q <= '0;
      index_q <= '0;
      address_q <= AddressWidth'(next_slot) * AddressWidth'(WORDS);
    end else if (runs_q) begin
      beat_q <= (Beats == 1 || beat_q == BeatWidth'(Beats - 1)) ? '0 : beat_q + 1'b1;
      if (Beats == 1 || beat_q == BeatWidth'(Beats - 1)) e_word_q <= e_word_q + 1'b1;
      index_q <= index_q + INDEX_WIDTH'(LANES);
      address_q <= address_q + 1'b1;
    end
  end

  // ---- Pipeline: [s] accompanies stage s, the address of the scores being 0. Scores are there in stage 2, t in stage 3,
  // exponentials in stage 5.
  localparam int Stages = 6;
  logic [LANES*SCORE_WIDTH-1:0] scores;
  memory_block #(
      .WIDTH(LANES * SCORE_WIDTH),
      .DEPTH(SLOTS * WORDS)
  ) i_scores (
      .clk_i,
      .write_i(in_valid_q),
      .write_address_i(AddressWidth'(in_slot_q) * AddressWidth'(WORDS) + AddressWidth'(in_word_q)),
      .data_i(in_scores_q),
      .address_i(address_q),
      .data_o(scores)
  );

  logic [Stages:1] valid_q, last_q;
  logic [BeatWidth-1:0] out_beat_q;    // of stage 6, as is the word
  logic [EWordWidth-1:0] out_word_q;
  logic [Stages*SLOT_WIDTH-1:0] slots_q;
  logic [2*SCORE_WIDTH-1:0] mosts_q;
  logic [Stages*LANES-1:0] masks_q;
  logic [LANES-1:0] mask;
  always_comb begin
    for (int l = 0; l < LANES; l++) mask[l] = index_q + INDEX_WIDTH'(l) < INDEX_WIDTH'(n_q);
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) valid_q <= '0;
    else valid_q <= {valid_q[Stages-1:1], runs_q};
    last_q <= {last_q[Stages-1:1], ends};
    slots_q <= {slots_q[(Stages-1)*SLOT_WIDTH-1:0], slot_q};
    mosts_q <= {mosts_q[SCORE_WIDTH-1:0], most_q};
    masks_q <= {masks_q[(Stages-1)*LANES-1:0], mask};
    if (rst_i || (valid_q[Stages] && last_q[Stages])) begin
      out_beat_q <= '0;
      out_word_q <= '0;
    end else if (valid_q[Stages]) begin
      out_beat_q <= (Beats == 1 || out_beat_q == BeatWidth'(Beats - 1)) ? '0 : out_beat_q + 1'b1;
      if (Beats == 1 || out_beat_q == BeatWidth'(Beats - 1)) out_word_q <= out_word_q + 1'b1;
    end
  end

  logic [LANES*EXPONENTIAL_WIDTH-1:0] masked_d, masked_q;
  logic [SUM_WIDTH-1:0] beat_sum, running_q, total;
  generate
    for (genvar l = 0; l < LANES; l++) begin : g_lane
      logic [SCORE_WIDTH:0] below;
      assign below = (SCORE_WIDTH + 1)'($signed(mosts_q[SCORE_WIDTH+:SCORE_WIDTH])) -
                     (SCORE_WIDTH + 1)'($signed(scores[l*SCORE_WIDTH+:SCORE_WIDTH]));
      if (SCORE_WIDTH + 1 > 8) begin : g_wide
        // A score that is masked can be above the highest: its t is not used.
        always_ff @(posedge clk_i) table_address_o[l*8+:8] <= (|below[SCORE_WIDTH:8]) ? 8'd255 : below[7:0];
      end else begin : g_narrow
        always_ff @(posedge clk_i) table_address_o[l*8+:8] <= 8'(below);
      end
      assign masked_d[l*EXPONENTIAL_WIDTH+:EXPONENTIAL_WIDTH] =
          masks_q[4*LANES+l] ? table_i[l*EXPONENTIAL_WIDTH+:EXPONENTIAL_WIDTH] : '0;
    end
  endgenerate

  always_comb begin
    beat_sum = '0;
    for (int l = 0; l < LANES; l++)
      beat_sum = beat_sum + SUM_WIDTH'(masked_q[l*EXPONENTIAL_WIDTH+:EXPONENTIAL_WIDTH]);
  end
  assign total = (out_word_q == '0 && out_beat_q == '0 ? '0 : running_q) + beat_sum;

  logic [SLOTS*SUM_WIDTH-1:0] sums_q;
  always_ff @(posedge clk_i) begin
    masked_q <= masked_d;
    if (valid_q[6]) running_q <= total;
    for (int s = 0; s < SLOTS; s++) begin
      if (valid_q[6] && last_q[6] && slots_q[5*SLOT_WIDTH+:SLOT_WIDTH] == SLOT_WIDTH'(s))
        sums_q[s*SUM_WIDTH+:SUM_WIDTH] <= total;
    end
  end

  always_comb begin
    sum_o = '0;
    for (int s = 0; s < SLOTS; s++) begin
      if (sum_slot_i == SLOT_WIDTH'(s)) sum_o = sums_q[s*SUM_WIDTH+:SUM_WIDTH];
    end
  end

  word_gather #(
      .LANES(LANES),
      .ELEMENTS(ELEMENTS),
      .WIDTH(EXPONENTIAL_WIDTH)
  ) i_gather (
      .clk_i,
      .rst_i,
      .valid_i(valid_q[6]),
      .index_i(out_beat_q),
      .data_i(masked_q),
      .valid_o(e_write_o),
      .data_o(e_data_o)
  );

  always_ff @(posedge clk_i) begin
    e_address_o <= E_ADDRESS_WIDTH'(slots_q[5*SLOT_WIDTH+:SLOT_WIDTH]) * E_ADDRESS_WIDTH'(E_WORDS) +
                   E_ADDRESS_WIDTH'(out_word_q);
    done_o <= !rst_i && valid_q[6] && last_q[6];
    done_slot_o <= slots_q[5*SLOT_WIDTH+:SLOT_WIDTH];
  end
endmodule
`default_nettype wire
