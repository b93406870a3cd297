// R(2^32 / floor(sqrt m)) of the leading bits m of a variance, and where they are: inverse_root() of
// engine/kernels/integer_norm, bit for bit, a bit a cycle.
//
//   variance_i   WIDTH bits (even, at least 32), unsigned, while start_i is high for one cycle
//   done_o       high for one cycle when the others are there; they stay until the next start
//   c_o          18 bits. A variance of 0 gives anything.
//   places_o     p with m = floor(variance 4^p / 2^(WIDTH - 32)): h = p - (WIDTH - 32) / 2 in layer_norm.h
//   Cycles       from start_i to done_o: ROOT_TABLE ? 8 : 41
//
//   ROOT_TABLE   1: c is read from a table by the leading 8 bits of m: table_address_o is their value - 64, and table_i
//                follows it by one cycle
`default_nettype none
module inverse_root #(
    parameter int WIDTH        = 62,
    parameter int ROOT_TABLE   = 0,
    parameter int PLACES_WIDTH = 5
) (
    input  wire                     clk_i,
    input  wire                     rst_i,
    input  wire                     start_i,
    input  wire  [       WIDTH-1:0] variance_i,
    output logic                    done_o,
    output logic [            17:0] c_o,
    output logic [PLACES_WIDTH-1:0] places_o,
    output logic [             7:0] table_address_o,
    input  wire  [            17:0] table_i
);
  typedef enum logic [2:0] {
    Idle,
    Normalise,
    Root,
    Divide,
    Lookup,
    Done
  } state_t;
  state_t state_q;
  logic [4:0] step_q;

  // ---- The leading bits come to the top by shifts of 2^(step + 1) places, if so many are 0.
  logic [WIDTH-1:0] variance_q;
  // verilator lint_off UNUSEDSIGNAL
  logic [63:0] top;  // its higher half
  // verilator lint_on UNUSEDSIGNAL
  logic shifts;
  logic [31:0] m;
  assign top = 64'(variance_q) << (64 - WIDTH);
  assign shifts = step_q == 5'd4 ? ~|top[63:32] : step_q == 5'd3 ? ~|top[63:48] : step_q == 5'd2 ? ~|top[63:56] :
                  step_q == 5'd1 ? ~|top[63:60] : ~|top[63:62];
  assign m = variance_q[WIDTH-1:WIDTH-32];

  // ---- The root, digit by digit: two bits of m become one of the root.
  logic [31:0] digits_q;
  logic [17:0] rest_q;
  logic [15:0] root_q;
  // verilator lint_off UNUSEDSIGNAL
  logic [19:0] root_rest, root_less;  // below 2^18, or negative
  // verilator lint_on UNUSEDSIGNAL
  assign root_rest = {rest_q, digits_q[31:30]};
  assign root_less = root_rest - {2'b00, root_q, 2'b01};

  // ---- The quotient: 2^32 is 2^15 followed by 17 zeros, and 2^15 is at most the root.
  logic [16:0] over_q;
  logic [17:0] c_q;
  // verilator lint_off UNUSEDSIGNAL
  logic [17:0] over_less;
  // verilator lint_on UNUSEDSIGNAL
  assign over_less = {1'b0, over_q} - {2'b00, root_q};

  assign table_address_o = m[31:24] - 8'd64;
  assign c_o = c_q;
  assign done_o = state_q == Done;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= Idle;
    end else begin
      case (state_q)
        Idle: if (start_i) state_q <= Normalise;
        Normalise: if (step_q == '0) state_q <= (ROOT_TABLE != 0) ? Lookup : Root;
        Root: if (step_q == 5'd15) state_q <= Divide;
        Divide: if (step_q == 5'd18) state_q <= Done;
        Lookup: if (step_q == 5'd1) state_q <= Done;
        default: state_q <= Idle;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    case (state_q)
      Idle: begin
        step_q <= 5'd4;
        if (start_i) variance_q <= variance_i;
        if (start_i) places_o <= '0;
      end
      Normalise: begin
        step_q <= (step_q == '0) ? '0 : step_q - 1'b1;
        if (shifts) begin
          variance_q <= variance_q << (6'd2 << step_q);
          places_o   <= places_o + PLACES_WIDTH'(5'd1 << step_q);
        end
        root_q <= '0;
        rest_q <= '0;
        digits_q <= shifts ? 32'((variance_q << 2) >> (WIDTH - 32)) : m;
      end
      Root: begin
        step_q <= (step_q == 5'd15) ? '0 : step_q + 1'b1;
        digits_q <= {digits_q[29:0], 2'b00};
        rest_q <= root_less[19] ? root_rest[17:0] : root_less[17:0];
        root_q <= {root_q[14:0], !root_less[19]};
        over_q <= 17'd32768;
        c_q <= '0;
      end
      Divide: begin
        step_q <= step_q + 1'b1;
        if (step_q != 5'd18) begin
          over_q <= {over_less[17] ? over_q[15:0] : over_less[15:0], 1'b0};
          c_q <= {c_q[16:0], !over_less[17]};
        end else begin
          c_q <= c_q + 18'(over_q > {1'b0, root_q});
        end
      end
      Lookup: begin
        step_q <= step_q + 1'b1;
        c_q <= table_i;
      end
      default: ;
    endcase
  end
endmodule
`default_nettype wire
