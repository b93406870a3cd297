// y = R(numerator / denominator), a quotient a cycle: divide() of engine/base/fixed_point.h, bit for bit.
//
//   start_i        of interest if SERIAL: the numbers are there, WIDTH + 1 cycles after the ones before, or later
//   numerator_i    NUMERATOR_WIDTH bits, two's complement
//   denominator_i  DENOMINATOR_WIDTH bits, at least 1; |numerator| < denominator 2^WIDTH
//   rounding_i     0 nearest_even, 1 floor, 2 half_away (the order of engine::Rounding)
//   y_o            WIDTH + 2 bits, two's complement
//   Latency        WIDTH + 2 cycles; y_o is there for one cycle
//
// Long division: a bit of the quotient a stage. What is left stays below the denominator, so a stage subtracts numbers of
// DENOMINATOR_WIDTH + 1 bits, however wide the numerator is. SERIAL: one stage does the work of all, one after another.
`default_nettype none
module quotient #(
    parameter int NUMERATOR_WIDTH   = 32,
    parameter int DENOMINATOR_WIDTH = 24,
    parameter int WIDTH             = 10,
    parameter int SERIAL            = 0
) (
    input  wire                          clk_i,
    // verilator lint_off UNUSEDSIGNAL
    input  wire                          start_i,
    // verilator lint_on UNUSEDSIGNAL
    input  wire  [  NUMERATOR_WIDTH-1:0] numerator_i,
    input  wire  [DENOMINATOR_WIDTH-1:0] denominator_i,
    input  wire  [                  1:0] rounding_i,
    output logic [              WIDTH+1:0] y_o
);
  localparam int RestWidth = DENOMINATOR_WIDTH + 1;

  localparam int Steps = (SERIAL != 0) ? 1 : WIDTH;  // that are built
  localparam int Stages = (SERIAL != 0) ? 1 : WIDTH + 1;

  // [s] is what step s begins with; the last is rounded.
  logic [Stages*RestWidth-1:0] rests_q;
  logic [Stages*DENOMINATOR_WIDTH-1:0] denominators_q;
  logic [Stages*WIDTH-1:0] digits_q;  // bits of the numerator that are not used yet, and the quotient's below
  logic [Stages-1:0] negative_q;
  logic [2*Stages-1:0] roundings_q;

  logic negative;
  logic [NUMERATOR_WIDTH-1:0] absolute;
  logic [NUMERATOR_WIDTH+WIDTH-1:0] magnitude;
  assign negative = numerator_i[NUMERATOR_WIDTH-1];
  assign absolute = negative ? -numerator_i : numerator_i;
  assign magnitude = (NUMERATOR_WIDTH + WIDTH)'(absolute);

  generate
    for (genvar s = 0; s < Steps; s++) begin : g_step
      logic [DENOMINATOR_WIDTH-1:0] denominator;
      logic [RestWidth:0] rest, less;
      logic [RestWidth-1:0] rest_d;
      logic [WIDTH-1:0] digits_d;
      logic fits;
      assign denominator = denominators_q[s*DENOMINATOR_WIDTH+:DENOMINATOR_WIDTH];
      assign rest = {rests_q[s*RestWidth+:RestWidth], digits_q[s*WIDTH+WIDTH-1]};
      assign less = rest - (RestWidth + 1)'(denominator);
      assign fits = !less[RestWidth];
      assign rest_d = fits ? less[RestWidth-1:0] : rest[RestWidth-1:0];
      if (WIDTH > 1) begin : g_digits
        assign digits_d = {digits_q[s*WIDTH+:WIDTH-1], fits};
      end else begin : g_digit
        assign digits_d = fits;
      end
      if (SERIAL != 0) begin : g_again
        always_ff @(posedge clk_i) begin
          rests_q <= start_i ? RestWidth'(magnitude >> WIDTH) : rest_d;
          digits_q <= start_i ? magnitude[WIDTH-1:0] : digits_d;
          if (start_i) denominators_q <= denominator_i;
          if (start_i) negative_q <= negative;
          if (start_i) roundings_q <= rounding_i;
        end
      end else begin : g_next
        always_ff @(posedge clk_i) begin
          rests_q[(s+1)*RestWidth+:RestWidth] <= rest_d;
          digits_q[(s+1)*WIDTH+:WIDTH] <= digits_d;
          denominators_q[(s+1)*DENOMINATOR_WIDTH+:DENOMINATOR_WIDTH] <= denominator;
          negative_q[s+1] <= negative_q[s];
          roundings_q[2*(s+1)+:2] <= roundings_q[2*s+:2];
        end
      end
    end
    if (SERIAL == 0) begin : g_first
      always_ff @(posedge clk_i) begin
        rests_q[0+:RestWidth] <= RestWidth'(magnitude >> WIDTH);
        digits_q[0+:WIDTH] <= magnitude[WIDTH-1:0];
        denominators_q[0+:DENOMINATOR_WIDTH] <= denominator_i;
        negative_q[0] <= negative;
        roundings_q[1:0] <= rounding_i;
      end
    end
  endgenerate

  logic [RestWidth:0] twice;  // what is left, in halves of the denominator
  logic [WIDTH-1:0] digits;
  logic [RestWidth:0] whole;
  logic [1:0] rounding;
  logic above, half, up;
  logic [WIDTH+1:0] rounded;
  assign twice = {rests_q[(Stages-1)*RestWidth+:RestWidth], 1'b0};
  assign whole = (RestWidth + 1)'(denominators_q[(Stages-1)*DENOMINATOR_WIDTH+:DENOMINATOR_WIDTH]);
  assign digits = digits_q[(Stages-1)*WIDTH+:WIDTH];
  assign rounding = roundings_q[2*(Stages-1)+:2];
  assign above = twice > whole;
  assign half = twice == whole;
  assign up = rounding == 2'd1 ? negative_q[Stages-1] && twice != '0 :
              above || (half && (rounding == 2'd2 || digits[0]));
  assign rounded = (WIDTH + 2)'(digits) + (WIDTH + 2)'(up);
  always_ff @(posedge clk_i) y_o <= negative_q[Stages-1] ? -rounded : rounded;
endmodule
`default_nettype wire
