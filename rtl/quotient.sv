// y = R(numerator / denominator), a quotient a cycle: divide() of engine/base/fixed_point.h, bit for bit.
//
//   numerator_i    NUMERATOR_WIDTH bits, two's complement
//   denominator_i  DENOMINATOR_WIDTH bits, at least 1; |numerator| < denominator 2^WIDTH
//   rounding_i     0 nearest_even, 1 floor, 2 half_away (the order of engine::Rounding)
//   y_o            WIDTH + 2 bits, two's complement
//   Latency        WIDTH + 2 cycles
//
// Long division: a bit of the quotient a stage. What is left stays below the denominator, so a stage subtracts numbers of
// DENOMINATOR_WIDTH + 1 bits, however wide the numerator is.
`default_nettype none
module quotient #(
    parameter int NUMERATOR_WIDTH   = 32,
    parameter int DENOMINATOR_WIDTH = 24,
    parameter int WIDTH             = 10
) (
    input  wire                          clk_i,
    input  wire  [  NUMERATOR_WIDTH-1:0] numerator_i,
    input  wire  [DENOMINATOR_WIDTH-1:0] denominator_i,
    input  wire  [                  1:0] rounding_i,
    output logic [              WIDTH+1:0] y_o
);
  localparam int RestWidth = DENOMINATOR_WIDTH + 1;

  // [s] is what stage s begins with.
  logic [(WIDTH+1)*RestWidth-1:0] rests_q;
  logic [(WIDTH+1)*DENOMINATOR_WIDTH-1:0] denominators_q;
  logic [(WIDTH+1)*WIDTH-1:0] digits_q;  // bits of the numerator that are not used yet, and the quotient's below
  logic [WIDTH:0] negative_q;
  logic [2*(WIDTH+1)-1:0] roundings_q;

  logic negative;
  logic [NUMERATOR_WIDTH-1:0] absolute;
  logic [NUMERATOR_WIDTH+WIDTH-1:0] magnitude;
  assign negative = numerator_i[NUMERATOR_WIDTH-1];
  assign absolute = negative ? -numerator_i : numerator_i;
  assign magnitude = (NUMERATOR_WIDTH + WIDTH)'(absolute);
  always_ff @(posedge clk_i) begin
    rests_q[0+:RestWidth] <= RestWidth'(magnitude >> WIDTH);
    digits_q[0+:WIDTH] <= magnitude[WIDTH-1:0];
    denominators_q[0+:DENOMINATOR_WIDTH] <= denominator_i;
    negative_q[0] <= negative;
    roundings_q[1:0] <= rounding_i;
  end

  generate
    for (genvar s = 0; s < WIDTH; s++) begin : g_stage
      logic [DENOMINATOR_WIDTH-1:0] denominator;
      logic [RestWidth:0] rest, less;
      logic fits;
      assign denominator = denominators_q[s*DENOMINATOR_WIDTH+:DENOMINATOR_WIDTH];
      assign rest = {rests_q[s*RestWidth+:RestWidth], digits_q[s*WIDTH+WIDTH-1]};
      assign less = rest - (RestWidth + 1)'(denominator);
      assign fits = !less[RestWidth];
      always_ff @(posedge clk_i) begin
        rests_q[(s+1)*RestWidth+:RestWidth] <= fits ? less[RestWidth-1:0] : rest[RestWidth-1:0];
        if (WIDTH > 1) digits_q[(s+1)*WIDTH+:WIDTH] <= {digits_q[s*WIDTH+:WIDTH-1], fits};
        denominators_q[(s+1)*DENOMINATOR_WIDTH+:DENOMINATOR_WIDTH] <= denominator;
        negative_q[s+1] <= negative_q[s];
        roundings_q[2*(s+1)+:2] <= roundings_q[2*s+:2];
      end
    end
  endgenerate

  logic [RestWidth:0] twice;  // what is left, in halves of the denominator
  logic [WIDTH-1:0] digits;
  logic [RestWidth:0] whole;
  logic [1:0] rounding;
  logic above, half, up;
  logic [WIDTH+1:0] rounded;
  assign twice = {rests_q[WIDTH*RestWidth+:RestWidth], 1'b0};
  assign whole = (RestWidth + 1)'(denominators_q[WIDTH*DENOMINATOR_WIDTH+:DENOMINATOR_WIDTH]);
  assign digits = digits_q[WIDTH*WIDTH+:WIDTH];
  assign rounding = roundings_q[2*WIDTH+:2];
  assign above = twice > whole;
  assign half = twice == whole;
  assign up = rounding == 2'd1 ? negative_q[WIDTH] && twice != '0 :
              above || (half && (rounding == 2'd2 || digits[0]));
  assign rounded = (WIDTH + 2)'(digits) + (WIDTH + 2)'(up);
  always_ff @(posedge clk_i) y_o <= negative_q[WIDTH] ? -rounded : rounded;
endmodule
`default_nettype wire
