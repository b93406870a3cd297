// Layer normalisation of rows of an encoder core, as compress/integer/ops/layer_norm.h defines it, bit for bit.
//
//   Rows come in beats of LANES sums, word_i 0 to SIZE / LANES - 1 in this order, with gaps or without. Two rows can be
//   here at a time, one a context: while one is normalised the other may come in. A row may come once done_o was high
//   for the row before of its context.
//
//   norm_i                 which layer norm; it chooses the parameters
//   row_i                  of the text; both stay as they are for the whole row
//   parameter_address_o    norm SIZE / LANES + word; parameters_i follows by two cycles: for lane l, gamma in bits
//                          [l * (GAMMA_WIDTH + BETA_WIDTH) +: GAMMA_WIDTH], and above it beta. Products have fraction
//                          bits of their own: beta 2^BETA_LEFT has those.
//   config_norm_o          config_i follows by one cycle: {epsilon, align, rounding, lowest, highest}; the output is
//                          R(product 2^(align - SHIFT)) between lowest and highest
//   table_address_o, table_i   as in inverse_root
//   y_valid_o ...          beats of the normalised row, in its order
//   done_o, done_context_o     high for one cycle when the last beat has been given
//   Cycles                 from the last beat that comes to the first that leaves: the bits of a sum of a row and about 60
//                          (27 with a table of roots); then SIZE / LANES
`default_nettype none
module norm_unit #(
    parameter int SIZE              = 128,
    parameter int LANES             = 1,
    parameter int NORMS             = 5,
    parameter int SUM_WIDTH         = 18,   // of a sum that comes in
    parameter int VARIANCE_WIDTH    = 52,   // even, at least 32
    parameter int ROOT_TABLE        = 0,
    parameter int GAMMA_WIDTH       = 14,
    parameter int BETA_WIDTH        = 24,
    parameter int BETA_LEFT         = 0,
    parameter int ALIGN_WIDTH       = 1,
    parameter int SHIFT             = 24,   // at least 1
    parameter int WIDTH             = 8,    // of an output
    parameter int ROW_WIDTH         = 8,
    // Derived: not to be set.
    parameter int WORDS             = SIZE / LANES,
    parameter int WORD_WIDTH        = (WORDS > 1) ? $clog2(WORDS) : 1,
    parameter int NORM_WIDTH        = (NORMS > 1) ? $clog2(NORMS) : 1,
    parameter int ADDRESS_WIDTH     = (NORMS * WORDS > 1) ? $clog2(NORMS * WORDS) : 1,
    parameter int PARAMETER_WIDTH   = GAMMA_WIDTH + BETA_WIDTH,
    parameter int CONFIG_WIDTH      = VARIANCE_WIDTH + ALIGN_WIDTH + 2 + 2 * WIDTH
) (
    input  wire                                 clk_i,
    input  wire                                 rst_i,
    input  wire                                 valid_i,
    input  wire                                 context_i,
    input  wire  [              NORM_WIDTH-1:0] norm_i,
    input  wire  [               ROW_WIDTH-1:0] row_i,
    input  wire  [              WORD_WIDTH-1:0] word_i,
    input  wire  [         LANES*SUM_WIDTH-1:0] sums_i,
    output logic [           ADDRESS_WIDTH-1:0] parameter_address_o,
    input  wire  [   LANES*PARAMETER_WIDTH-1:0] parameters_i,
    output logic [              NORM_WIDTH-1:0] config_norm_o,
    input  wire  [            CONFIG_WIDTH-1:0] config_i,
    output logic [                         7:0] table_address_o,
    input  wire  [                        17:0] table_i,
    output logic                                y_valid_o,
    output logic [              NORM_WIDTH-1:0] y_norm_o,
    output logic [               ROW_WIDTH-1:0] y_row_o,
    output logic [              WORD_WIDTH-1:0] y_word_o,
    output logic [             LANES*WIDTH-1:0] y_o,
    output logic                                done_o,
    output logic                                done_context_o
);
  localparam int RowSumWidth = SUM_WIDTH + $clog2(SIZE);             // S
  localparam int SquareWidth = 2 * SUM_WIDTH;                        // x^2
  localparam int SquaresWidth = SquareWidth + $clog2(SIZE);          // Q
  localparam int StepWidth = $clog2(RowSumWidth + 1);
  localparam int PlacesWidth = 5;

  // ---- A row comes in: it is kept, and summed.
  logic last;
  assign last = WORDS == 1 || word_i == WORD_WIDTH'(WORDS - 1);

  logic in_valid_q, in_first_q, in_last_q, in_context_q, square_valid_q, square_first_q, square_last_q, square_context_q;
  logic [LANES*SUM_WIDTH-1:0] in_sums_q;
  logic [NORM_WIDTH-1:0] in_norm_q, square_norm_q;
  logic [ROW_WIDTH-1:0] in_row_q, square_row_q;
  logic [RowSumWidth-1:0] lane_sum_d, lane_sum_q, row_sum_q;
  logic [SquaresWidth-1:0] lane_squares_d, lane_squares_q, row_squares_q;
  logic sums_last_q, sums_context_q;
  logic [NORM_WIDTH-1:0] sums_norm_q;
  logic [ROW_WIDTH-1:0] sums_row_q;

  always_comb begin
    lane_sum_d = '0;
    lane_squares_d = '0;
    for (int l = 0; l < LANES; l++) begin
      lane_sum_d = lane_sum_d + RowSumWidth'($signed(in_sums_q[l*SUM_WIDTH+:SUM_WIDTH]));
      lane_squares_d = lane_squares_d + SquaresWidth'(SquareWidth'($signed(in_sums_q[l*SUM_WIDTH+:SUM_WIDTH])) *
                                                      SquareWidth'($signed(in_sums_q[l*SUM_WIDTH+:SUM_WIDTH])));
    end
  end

  always_ff @(posedge clk_i) begin
    in_valid_q <= !rst_i && valid_i;
    square_valid_q <= !rst_i && in_valid_q;
    sums_last_q <= !rst_i && square_valid_q && square_last_q;
    in_first_q <= word_i == '0;
    in_last_q <= last;
    in_context_q <= context_i;
    in_sums_q <= sums_i;
    in_norm_q <= norm_i;
    in_row_q <= row_i;
    square_first_q <= in_first_q;
    square_last_q <= in_last_q;
    square_context_q <= in_context_q;
    square_norm_q <= in_norm_q;
    square_row_q <= in_row_q;
    lane_sum_q <= lane_sum_d;
    lane_squares_q <= lane_squares_d;
    sums_context_q <= square_context_q;
    sums_norm_q <= square_norm_q;
    sums_row_q <= square_row_q;
    if (square_valid_q) begin
      row_sum_q <= (square_first_q ? '0 : row_sum_q) + lane_sum_q;
      row_squares_q <= (square_first_q ? '0 : row_squares_q) + lane_squares_q;
    end
  end

  // ---- A row that is whole waits for its turn.
  logic [1:0] whole_q;
  logic [2*RowSumWidth-1:0] sums_q;
  logic [2*SquaresWidth-1:0] squares_q;
  logic [2*NORM_WIDTH-1:0] norms_q;
  logic [2*ROW_WIDTH-1:0] rows_q;
  logic turn_q, context_q, picked, picks, finished;
  assign picked = whole_q[turn_q] ? turn_q : !turn_q;

  always_ff @(posedge clk_i) begin
    for (int c = 0; c < 2; c++) begin
      if (rst_i) whole_q[c] <= 1'b0;
      else if (sums_last_q && sums_context_q == 1'(c)) whole_q[c] <= 1'b1;
      else if (picks && picked == 1'(c)) whole_q[c] <= 1'b0;
      if (sums_last_q && sums_context_q == 1'(c)) begin
        sums_q[c*RowSumWidth+:RowSumWidth] <= row_sum_q;
        squares_q[c*SquaresWidth+:SquaresWidth] <= row_squares_q;
        norms_q[c*NORM_WIDTH+:NORM_WIDTH] <= sums_norm_q;
        rows_q[c*ROW_WIDTH+:ROW_WIDTH] <= sums_row_q;
      end
    end
  end

  // ---- S^2 bit by bit, V, its root, then the row again.
  typedef enum logic [2:0] {
    Idle,
    Square,
    Variance,
    Start,
    Root,
    Apply,
    Flush
  } state_t;
  state_t state_q;
  logic [StepWidth-1:0] step_q;
  logic [RowSumWidth-1:0] sum_q, magnitude_q, bits_q;
  logic [SquaresWidth-1:0] row_squares;
  logic [VARIANCE_WIDTH-1:0] square_q, scaled_q;  // the latter becomes V
  logic [NORM_WIDTH-1:0] norm_q;
  logic [ROW_WIDTH-1:0] row_q;
  logic [WORD_WIDTH-1:0] word_q;
  logic root_done;
  logic [17:0] c;
  logic [PlacesWidth-1:0] places;

  assign picks = state_q == Idle && whole_q != 2'b00;
  assign config_norm_o = norm_q;
  assign row_squares = picked ? squares_q[SquaresWidth+:SquaresWidth] : squares_q[0+:SquaresWidth];

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= Idle;
      turn_q  <= 1'b0;
    end else begin
      case (state_q)
        Idle: if (picks) state_q <= Square;
        Square: if (step_q == StepWidth'(RowSumWidth - 1)) state_q <= Variance;
        Variance: state_q <= Start;
        Start: state_q <= Root;
        Root: if (root_done) state_q <= Apply;
        Apply: if (WORDS == 1 || word_q == WORD_WIDTH'(WORDS - 1)) state_q <= Flush;
        Flush: if (finished) state_q <= Idle;
        default: state_q <= Idle;
      endcase
      if (picks) turn_q <= !picked;
    end
  end

  logic [RowSumWidth-1:0] picked_sum;
  assign picked_sum = picked ? sums_q[RowSumWidth+:RowSumWidth] : sums_q[0+:RowSumWidth];
  always_ff @(posedge clk_i) begin
    case (state_q)
      Idle: begin
        context_q <= picked;
        sum_q <= picked_sum;
        magnitude_q <= picked_sum[RowSumWidth-1] ? -picked_sum : picked_sum;
        bits_q <= picked_sum[RowSumWidth-1] ? -picked_sum : picked_sum;
        scaled_q <= VARIANCE_WIDTH'(row_squares) * VARIANCE_WIDTH'(SIZE);
        norm_q <= picked ? norms_q[NORM_WIDTH+:NORM_WIDTH] : norms_q[0+:NORM_WIDTH];
        row_q <= picked ? rows_q[ROW_WIDTH+:ROW_WIDTH] : rows_q[0+:ROW_WIDTH];
        square_q <= '0;
        step_q <= '0;
      end
      Square: begin
        square_q <= (square_q << 1) + (bits_q[RowSumWidth-1] ? VARIANCE_WIDTH'(magnitude_q) : '0);
        bits_q <= bits_q << 1;
        step_q <= step_q + 1'b1;
        if (step_q == StepWidth'(RowSumWidth - 1))
          scaled_q <= scaled_q + config_i[CONFIG_WIDTH-1-:VARIANCE_WIDTH];
      end
      Variance: scaled_q <= scaled_q - square_q;
      default: ;
    endcase
    word_q <= (state_q == Apply) ? word_q + 1'b1 : '0;
  end

  inverse_root #(
      .WIDTH(VARIANCE_WIDTH),
      .ROOT_TABLE(ROOT_TABLE),
      .PLACES_WIDTH(PlacesWidth)
  ) i_root (
      .clk_i,
      .rst_i,
      .start_i(state_q == Start),
      .variance_i(scaled_q),
      .done_o(root_done),
      .c_o(c),
      .places_o(places),
      .table_address_o,
      .table_i
  );

  // ---- The row again, in a pipeline; [s] accompanies stage s, the addresses being 0.
  localparam int Stages = 12;
  localparam int ParametersAt = 6;  // the stage that asks for gamma and beta
  localparam int DeviationWidth = RowSumWidth + 1;                    // d
  localparam int ScaledWidth = DeviationWidth + 18;                   // d c
  localparam int LeftWidth = ScaledWidth + 31;                        // d c 2^(31 - shift)
  localparam int ZWidth = 16 + ($clog2(SIZE) + 1) / 2 + 2;            // z
  localparam int ProductWidth = ((ZWidth + GAMMA_WIDTH > BETA_WIDTH + BETA_LEFT) ? ZWidth + GAMMA_WIDTH :
                                 BETA_WIDTH + BETA_LEFT) + 1;
  localparam int AlignedWidth = ProductWidth + (1 << ALIGN_WIDTH) - 1;
  localparam int RoundedWidth = AlignedWidth - SHIFT + 1;

  logic [Stages:1] valid_q;
  logic [WORD_WIDTH-1:0] parameter_word_q, given_q;  // the words of stages ParametersAt and Stages
  logic [5:0] left;  // 31 - (16 - h)
  assign left = 6'(places) + 6'(31 - VARIANCE_WIDTH / 2);
  assign parameter_address_o = ADDRESS_WIDTH'(norm_q) * ADDRESS_WIDTH'(WORDS) +
                               ADDRESS_WIDTH'(parameter_word_q);

  always_ff @(posedge clk_i) begin
    if (rst_i) valid_q <= '0;
    else valid_q <= {valid_q[Stages-1:1], state_q == Apply};
    if (state_q == Start) parameter_word_q <= '0;
    else if (valid_q[ParametersAt]) parameter_word_q <= parameter_word_q + 1'b1;
    if (state_q == Start) given_q <= '0;
    else if (valid_q[Stages]) given_q <= given_q + 1'b1;
  end

  // The buffer has one row a context.
  logic [LANES*SUM_WIDTH-1:0] kept;
  memory_block #(
      .WIDTH(LANES * SUM_WIDTH),
      .DEPTH(2 * (1 << WORD_WIDTH))
  ) i_rows (
      .clk_i,
      .write_i(valid_i),
      .write_address_i({context_i, word_i}),
      .data_i(sums_i),
      .address_i({context_q, word_q}),
      .data_o(kept)
  );

  logic [1:0] rounding;
  logic [ALIGN_WIDTH-1:0] align;
  logic [WIDTH-1:0] lowest, highest;
  assign {align, rounding, lowest, highest} = config_i[CONFIG_WIDTH-VARIANCE_WIDTH-1:0];

  generate
    for (genvar l = 0; l < LANES; l++) begin : g_lane
      logic [GAMMA_WIDTH-1:0] gamma;
      logic [BETA_WIDTH-1:0] beta;
      logic [BETA_WIDTH-1:0] beta_q;  // a stage later
      assign {beta, gamma} = parameters_i[l*PARAMETER_WIDTH+:PARAMETER_WIDTH];

      logic signed [DeviationWidth-1:0] deviation_q;
      logic signed [18:0] c_q;
      logic signed [ScaledWidth-1:0] product_q, scaled_q2;
      logic [LeftWidth-1:0] fine_q, coarse_q;
      // verilator lint_off UNUSEDSIGNAL
      logic [LeftWidth-31:0] z_d;  // no more bits than z_q has matter
      // verilator lint_on UNUSEDSIGNAL
      logic signed [ZWidth-1:0] z_q;
      logic signed [ZWidth+GAMMA_WIDTH-1:0] weighted_q;
      logic [ProductWidth-1:0] moved_q;
      logic [AlignedWidth-1:0] aligned_q;
      logic [RoundedWidth-1:0] rounded_d, rounded_q;
      logic [WIDTH-1:0] y_d;

      round_shift #(
          .WIDTH(LeftWidth),
          .SHIFT(31)
      ) i_z (
          .x_i(coarse_q),
          .rounding_i(2'd0),
          .y_o(z_d)
      );
      round_shift #(
          .WIDTH(AlignedWidth),
          .SHIFT(SHIFT)
      ) i_round (
          .x_i(aligned_q),
          .rounding_i(rounding),
          .y_o(rounded_d)
      );
      saturate #(
          .IN_WIDTH(RoundedWidth),
          .WIDTH(WIDTH)
      ) i_saturate (
          .x_i(rounded_q),
          .lowest_i(lowest),
          .highest_i(highest),
          .y_o(y_d)
      );

      always_ff @(posedge clk_i) begin
        beta_q <= beta;
        // Stage 2 has x; 8 has z, gamma and beta.
        deviation_q <= DeviationWidth'($signed(kept[l*SUM_WIDTH+:SUM_WIDTH])) * DeviationWidth'(SIZE) -
                       DeviationWidth'($signed(sum_q));
        c_q <= $signed({1'b0, c});
        product_q <= ScaledWidth'(deviation_q) * ScaledWidth'(c_q);
        scaled_q2 <= product_q;
        fine_q <= LeftWidth'(scaled_q2) << left[2:0];
        coarse_q <= fine_q << {left[5:3], 3'b000};
        z_q <= $signed(z_d[ZWidth-1:0]);
        weighted_q <= (ZWidth + GAMMA_WIDTH)'(z_q) * (ZWidth + GAMMA_WIDTH)'($signed(gamma));
        moved_q <= ProductWidth'(weighted_q) + (ProductWidth'($signed(beta_q)) << BETA_LEFT);
        aligned_q <= AlignedWidth'($signed(moved_q)) << align;
        rounded_q <= rounded_d;
        y_o[l*WIDTH+:WIDTH] <= y_d;
      end
    end
  endgenerate

  assign finished = done_o;
  always_ff @(posedge clk_i) begin
    y_valid_o <= !rst_i && valid_q[Stages];
    y_word_o <= given_q;
    done_o <= !rst_i && valid_q[Stages] && given_q == WORD_WIDTH'(WORDS - 1);
  end
  assign y_row_o = row_q;
  assign y_norm_o = norm_q;
  assign done_context_o = context_q;
endmodule
`default_nettype wire
