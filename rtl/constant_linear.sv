// y = requantize(W x + b) for constants W and b, a vector a cycle, without multipliers: the frame around adders that
// `ingot emit` writes for the layer.
//
//   Streams     valid never waits for ready, and data stay until they are accepted; s_ready_o is a register.
//               x and y come and leave in one beat: element i in bits [i * IN_WIDTH +: IN_WIDTH], two's complement or
//               unsigned, and y in the same way.
//   Adders      outside: sums_i is W x + b of x_o STAGES cycles earlier, counting cycles in which enable_o is high;
//               sum j in bits [j * SUM_WIDTH +: SUM_WIDTH], two's complement, with SHIFT more fraction bits than y
//   SHIFT, ROUNDING   as in requantize
//   Throughput  a vector a cycle
//   Latency     STAGES + 2 cycles
`default_nettype none
module constant_linear #(
    parameter int IN         = 4,
    parameter int OUT        = 8,
    parameter int IN_WIDTH   = 8,
    parameter int SUM_WIDTH  = 18,
    parameter int OUT_WIDTH  = 8,
    parameter int OUT_SIGNED = 1,
    parameter int SHIFT      = 3,
    parameter int ROUNDING   = 0,
    parameter int STAGES     = 2
) (
    input wire clk_i,
    input wire rst_i,

    input  wire  [IN*IN_WIDTH-1:0] s_data_i,
    input  wire                    s_valid_i,
    output logic                   s_ready_o,

    output logic                     enable_o,
    output logic [  IN*IN_WIDTH-1:0] x_o,
    input  wire  [OUT*SUM_WIDTH-1:0] sums_i,

    output logic [OUT*OUT_WIDTH-1:0] m_data_o,
    output logic                     m_valid_o,
    input  wire                      m_ready_i
);
  logic x_valid;
  assign enable_o = !m_valid_o || m_ready_i;

  skid_buffer #(
      .WIDTH(IN * IN_WIDTH)
  ) i_x (
      .clk_i,
      .rst_i,
      .s_data_i,
      .s_valid_i,
      .s_ready_o,
      .m_data_o(x_o),
      .m_valid_o(x_valid),
      .m_ready_i(enable_o)
  );

  // ---- What accompanies the sums: [s] belongs to what has passed s registers.
  logic [STAGES:0] valid;
  assign valid[0] = x_valid;
  generate
    if (STAGES > 0) begin : g_valid
      logic [STAGES-1:0] valid_q;
      always_ff @(posedge clk_i) begin
        if (rst_i) valid_q <= '0;
        else if (enable_o) valid_q <= valid[STAGES-1:0];
      end
      assign valid[STAGES:1] = valid_q;
    end
  endgenerate

  always_ff @(posedge clk_i) begin
    if (rst_i) m_valid_o <= 1'b0;
    else if (enable_o) m_valid_o <= valid[STAGES];
  end

  generate
    for (genvar o = 0; o < OUT; o++) begin : g_out
      logic [OUT_WIDTH-1:0] out_d;
      requantize #(
          .IN_WIDTH(SUM_WIDTH),
          .OUT_WIDTH(OUT_WIDTH),
          .OUT_SIGNED(OUT_SIGNED),
          .SHIFT(SHIFT),
          .ROUNDING(ROUNDING)
      ) i_requantize (
          .x_i(sums_i[o*SUM_WIDTH+:SUM_WIDTH]),
          .y_o(out_d)
      );
      always_ff @(posedge clk_i) if (enable_o) m_data_o[o*OUT_WIDTH+:OUT_WIDTH] <= out_d;
    end
  endgenerate

`ifdef VERILATOR
  hold : assert property (@(posedge clk_i) disable iff (rst_i)
      m_valid_o && !m_ready_i |=> m_valid_o && $stable(m_data_o));
`endif
endmodule
`default_nettype wire
