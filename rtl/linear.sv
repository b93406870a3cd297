// y = W x + b for a stream of vectors, in integers: OUT exact sums of IN products, each requantised to OUT_WIDTH bits.
//
//   Streams     valid never waits for ready, and data stay until they are accepted; s_ready_o is a register.
//               x arrives in IN / PI beats, element b * PI + i of beat b in bits [i * IN_WIDTH +: IN_WIDTH];
//               y leaves in OUT / PO beats in the same way.
//   ROMs        outside, as rom_small or rom_block: data follow the address by WEIGHT_LATENCY, BIAS_LATENCY or
//               ALIGN_LATENCY cycles in which weight_enable_o (of the weights) or rom_enable_o (of the others) is high.
//               2 is for block RAM, which answers late in a cycle and lies far from what reads it.
//               Weights in the order of their use: address ko * (IN / PI) + ki holds w[ko * PO + o][ki * PI + i] in
//               bits [(o * PI + i) * WEIGHT_WIDTH +: WEIGHT_WIDTH], two's complement.
//               Address ko of the others holds PO elements: the biases in units of the sums, two's complement, and, if
//               ALIGN_WIDTH > 0, by how many bits less than SHIFT each output is shifted (else align_i is unused).
//   IN_LATENCY  1, or 2 if x is kept in block RAM, which has a register behind it then; at most WEIGHT_LATENCY
//   SUM_WIDTH   bits that hold every sum with its bias; the default suits any weights
//   SHIFT, ROUNDING   as in requantize
//   SHARES_MULTIPLIERS   1: outputs o and o + 1 share the multiplier of an input (double_product); PO is even then
//   Throughput  a vector every (IN / PI) * (OUT / PO) cycles
//   Latency     from the edge that accepts the last beat of x to the first valid beat of y, with IN / PI = 1:
//               4 cycles + IN_LATENCY + those of adder_tree (1 up to PI = 4, 2 up to 16) + (ALIGN_WIDTH > 0); IN / PI - 1
//               more else. ROMs of latency 2 add none: their words are read ahead.
//
// One clock enable moves the whole pipeline: fetch, products, tree, accumulator, (aligned sum,) output.
`default_nettype none
module linear #(
    parameter int IN           = 4,
    parameter int OUT          = 8,
    parameter int PI           = 4,
    parameter int PO           = 4,
    parameter int IN_WIDTH     = 8,
    parameter int IN_SIGNED    = 1,
    parameter int WEIGHT_WIDTH = 8,
    parameter int BIAS_WIDTH   = 16,
    parameter int ALIGN_WIDTH  = 0,
    parameter int OUT_WIDTH    = 8,
    parameter int OUT_SIGNED   = 1,
    parameter int SHIFT        = 3,
    parameter int ROUNDING     = 0,
    parameter int IN_LATENCY   = 1,
    parameter int WEIGHT_LATENCY = 1,
    parameter int BIAS_LATENCY = 1,
    parameter int ALIGN_LATENCY = 1,
    parameter int SHARES_MULTIPLIERS = 0,
    // Derived: not to be set, but for SUM_WIDTH.
    parameter int PRODUCT_WIDTH = IN_WIDTH + WEIGHT_WIDTH + (IN_SIGNED == 0 ? 1 : 0),
    parameter int PRODUCTS_WIDTH = PRODUCT_WIDTH + $clog2(IN),
    parameter int SUM_WIDTH = (PRODUCTS_WIDTH > BIAS_WIDTH ? PRODUCTS_WIDTH : BIAS_WIDTH) + 1,
    parameter int WEIGHT_ADDRESS_WIDTH = (IN / PI) * (OUT / PO) > 1 ? $clog2((IN / PI) * (OUT / PO)) : 1,
    parameter int BIAS_ADDRESS_WIDTH = OUT / PO > 1 ? $clog2(OUT / PO) : 1,
    parameter int ALIGN_PORT_WIDTH = ALIGN_WIDTH > 0 ? PO * ALIGN_WIDTH : 1
) (
    input wire clk_i,
    input wire rst_i,

    input  wire  [PI*IN_WIDTH-1:0] s_data_i,
    input  wire                    s_valid_i,
    output logic                   s_ready_o,

    output logic                            rom_enable_o,
    output logic                            weight_enable_o,
    output logic [WEIGHT_ADDRESS_WIDTH-1:0] weight_address_o,
    input  wire  [  PO*PI*WEIGHT_WIDTH-1:0] weight_i,
    output logic [  BIAS_ADDRESS_WIDTH-1:0] bias_address_o,
    input  wire  [       PO*BIAS_WIDTH-1:0] bias_i,
    output logic [  BIAS_ADDRESS_WIDTH-1:0] align_address_o,
    input  wire  [    ALIGN_PORT_WIDTH-1:0] align_i,

    output logic [PO*OUT_WIDTH-1:0] m_data_o,
    output logic                    m_valid_o,
    input  wire                     m_ready_i
);
  localparam int BeatsIn = IN / PI;
  localparam int BeatsOut = OUT / PO;
  localparam int InIndexWidth = (BeatsIn > 1) ? $clog2(BeatsIn) : 1;
  localparam int OutIndexWidth = BIAS_ADDRESS_WIDTH;
  // Stages after the fetch, which has IN_LATENCY: products, tree, accumulator.
  localparam int TreeStages = (PI > 4) ? ($clog2(PI) + 1) / 2 : 1;
  localparam int SumStage = IN_LATENCY + TreeStages;  // where the tree's sum is, counted from the fetch as 0

  logic enable;
  assign enable = !m_valid_o || m_ready_i;
  assign rom_enable_o = enable;

  // ---- Two banks of x: one is filled while the other is read BeatsOut times.
  localparam int BankDepth = (BeatsIn > 1) ? (1 << InIndexWidth) : 1;
  localparam int XAddressWidth = (BeatsIn > 1) ? InIndexWidth + 1 : 1;

  logic [XAddressWidth-1:0] write_address, read_address;
  logic [1:0] full_q;
  logic write_bank_q, read_bank_q;
  logic [InIndexWidth-1:0] write_index_q, in_index_q;
  logic [OutIndexWidth-1:0] out_index_q;
  logic write, write_last, read, first_in, last_in, last_read;

  generate
    if (BeatsIn > 1) begin : g_address
      assign write_address = {write_bank_q, write_index_q};
      assign read_address  = {read_bank_q, in_index_q};
    end else begin : g_bank
      assign write_address = write_bank_q;
      assign read_address  = read_bank_q;
    end
  endgenerate

  assign s_ready_o = write_bank_q ? !full_q[1] : !full_q[0];
  assign write = s_valid_i && s_ready_o;
  assign write_last = write && (BeatsIn == 1 || write_index_q == InIndexWidth'(BeatsIn - 1));
  assign read = enable && (read_bank_q ? full_q[1] : full_q[0]);
  assign first_in = BeatsIn == 1 || in_index_q == '0;
  assign last_in = BeatsIn == 1 || in_index_q == InIndexWidth'(BeatsIn - 1);
  assign last_read = read && last_in && (BeatsOut == 1 || out_index_q == OutIndexWidth'(BeatsOut - 1));

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      full_q <= 2'b00;
      write_bank_q <= 1'b0;
      read_bank_q <= 1'b0;
      write_index_q <= '0;
      in_index_q <= '0;
      out_index_q <= '0;
    end else begin
      if (write) write_index_q <= write_last ? '0 : write_index_q + 1'b1;
      if (write_last) write_bank_q <= !write_bank_q;
      if (read) begin
        in_index_q <= last_in ? '0 : in_index_q + 1'b1;
        if (last_in) out_index_q <= last_read ? '0 : out_index_q + 1'b1;
      end
      if (last_read) read_bank_q <= !read_bank_q;
      // The bank that is filled is never the one that is freed.
      if (write_last && !write_bank_q) full_q[0] <= 1'b1;
      else if (last_read && !read_bank_q) full_q[0] <= 1'b0;
      if (write_last && write_bank_q) full_q[1] <= 1'b1;
      else if (last_read && read_bank_q) full_q[1] <= 1'b0;
    end
  end

  // ---- Weights, which meet x behind the fetch.
  logic [WEIGHT_ADDRESS_WIDTH-1:0] weight_address_q;
  assign weight_address_o = weight_address_q;

  generate
    if (WEIGHT_LATENCY > IN_LATENCY) begin : g_ahead
      // Within the ROM is the word of the next read, and the address is that of the one after it: all move with a read.
      // The first cycle after a reset fetches the first word; no x is there to be read so early.
      localparam int Words = BeatsIn * BeatsOut;
      logic is_fetched_q;
      assign weight_enable_o = read || !is_fetched_q;
      always_ff @(posedge clk_i) begin
        if (rst_i) begin
          is_fetched_q <= 1'b0;
          weight_address_q <= '0;
        end else begin
          is_fetched_q <= 1'b1;
          if (weight_enable_o)
            weight_address_q <= (weight_address_q == WEIGHT_ADDRESS_WIDTH'(Words - 1)) ? '0 : weight_address_q + 1'b1;
        end
      end
    end else begin : g_at_once
      assign weight_enable_o = enable;
      always_ff @(posedge clk_i) begin
        if (rst_i) weight_address_q <= '0;
        else if (read) weight_address_q <= last_read ? '0 : weight_address_q + 1'b1;
      end
    end
  endgenerate

  // ---- What accompanies the data: [s] belongs to stage s, the fetch being 0.
  logic [SumStage:0] valid_q, first_q, last_q;
  localparam int LastIndexStage = SumStage + 1 - ALIGN_LATENCY;  // where the shift's address is taken
  logic [(LastIndexStage+1)*OutIndexWidth-1:0] out_indices_q;
  logic sum_valid_q, out_valid;

  // A chain of registers with neither reset nor logic between them becomes a shift register in synthesis, and Yosys 0.23
  // loses the enable of one on Xilinx. So these are reset, as are the sums below: with weights of 0 and powers of two
  // their low bits are such a chain, too.
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      first_q <= '0;
      last_q <= '0;
      out_indices_q <= '0;
    end else if (enable) begin
      first_q <= {first_q[SumStage-1:0], first_in};
      last_q <= {last_q[SumStage-1:0], last_in};
      out_indices_q <= {out_indices_q[LastIndexStage*OutIndexWidth-1:0], out_index_q};
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      valid_q <= '0;
      sum_valid_q <= 1'b0;
      m_valid_o <= 1'b0;
    end else if (enable) begin
      valid_q <= {valid_q[SumStage-1:0], read};
      sum_valid_q <= valid_q[SumStage] && (BeatsIn == 1 || last_q[SumStage]);
      m_valid_o <= out_valid;
    end
  end

  // ---- Fetch. The bias is read so that it meets the sum, the shift so that it meets the accumulated sum.
  logic [PI*IN_WIDTH-1:0] word_q, x_q;
  split_ram #(
      .WIDTH(PI * IN_WIDTH),
      .DEPTH(2 * BankDepth)
  ) i_banks (
      .clk_i,
      .write_i(write),
      .write_address_i(write_address),
      .data_i(s_data_i),
      .enable_i(enable),
      .address_i(read_address),
      .data_o(word_q)
  );
  generate
    if (IN_LATENCY > 1) begin : g_in_register
      logic [PI*IN_WIDTH-1:0] next_q;
      always_ff @(posedge clk_i) if (enable) next_q <= word_q;
      assign x_q = next_q;
    end else begin : g_no_register
      assign x_q = word_q;
    end
  endgenerate
  assign bias_address_o = out_indices_q[(SumStage-BIAS_LATENCY)*OutIndexWidth+:OutIndexWidth];
  assign align_address_o = out_indices_q[LastIndexStage*OutIndexWidth+:OutIndexWidth];

  // ---- Products: that of output o and input i is number o * PI + i.
  logic [PO*PI*PRODUCT_WIDTH-1:0] products_q;
  generate
    for (genvar o = 0; o < PO; o = o + 1 + SHARES_MULTIPLIERS) begin : g_products
      for (genvar i = 0; i < PI; i++) begin : g_in
        localparam int First = o * PI + i;
        logic signed [WEIGHT_WIDTH-1:0] w;
        assign w = weight_i[First*WEIGHT_WIDTH+:WEIGHT_WIDTH];
        if (SHARES_MULTIPLIERS != 0) begin : g_two
          localparam int Second = First + PI;
          localparam int FactorWidth = PRODUCT_WIDTH - WEIGHT_WIDTH;
          logic signed [FactorWidth-1:0] x;
          if (IN_SIGNED != 0) begin : g_signed
            assign x = x_q[i*IN_WIDTH+:IN_WIDTH];
          end else begin : g_unsigned
            assign x = {1'b0, x_q[i*IN_WIDTH+:IN_WIDTH]};
          end
          double_product #(
              .A_WIDTH(FactorWidth),
              .B_WIDTH(WEIGHT_WIDTH)
          ) i_products (
              .clk_i,
              .enable_i(enable),
              .a_i(x),
              .b0_i(w),
              .b1_i(weight_i[Second*WEIGHT_WIDTH+:WEIGHT_WIDTH]),
              .product0_o(products_q[First*PRODUCT_WIDTH+:PRODUCT_WIDTH]),
              .product1_o(products_q[Second*PRODUCT_WIDTH+:PRODUCT_WIDTH])
          );
        end else begin : g_one
          logic signed [PRODUCT_WIDTH-1:0] product_q;
          if (IN_SIGNED != 0) begin : g_signed
            always_ff @(posedge clk_i) if (enable) product_q <= $signed(x_q[i*IN_WIDTH+:IN_WIDTH]) * w;
          end else begin : g_unsigned
            always_ff @(posedge clk_i) if (enable) product_q <= $signed({1'b0, x_q[i*IN_WIDTH+:IN_WIDTH]}) * w;
          end
          assign products_q[First*PRODUCT_WIDTH+:PRODUCT_WIDTH] = product_q;
        end
      end
    end
  endgenerate

  generate
    for (genvar o = 0; o < PO; o++) begin : g_out

      // ---- Tree, and the accumulator that begins with the bias
      localparam int TreeWidth = PRODUCT_WIDTH + $clog2(PI);
      // verilator lint_off UNUSEDSIGNAL
      logic [TreeWidth-1:0] tree;  // more than SUM_WIDTH bits if that is set to what the weights need
      // verilator lint_on UNUSEDSIGNAL
      logic [SUM_WIDTH-1:0] sum_q, base;
      adder_tree #(
          .N(PI),
          .WIDTH(PRODUCT_WIDTH)
      ) i_tree (
          .clk_i,
          .rst_i,
          .enable_i(enable),
          .terms_i(products_q[o*PI*PRODUCT_WIDTH+:PI*PRODUCT_WIDTH]),
          .sum_o(tree)
      );
      assign base = (BeatsIn == 1 || first_q[SumStage]) ? SUM_WIDTH'($signed(bias_i[o*BIAS_WIDTH+:BIAS_WIDTH])) : sum_q;
      always_ff @(posedge clk_i) begin
        if (rst_i) sum_q <= '0;
        else if (enable) sum_q <= base + SUM_WIDTH'($signed(tree));
      end

      // ---- Sums with different fraction bits are shifted to those of the coarsest shift; no bit is lost.
      localparam int AlignedWidth = SUM_WIDTH + ((ALIGN_WIDTH > 0) ? (1 << ALIGN_WIDTH) - 1 : 0);
      logic [AlignedWidth-1:0] aligned;
      if (ALIGN_WIDTH > 0) begin : g_align
        logic [AlignedWidth-1:0] aligned_q;
        always_ff @(posedge clk_i) begin
          if (enable) aligned_q <= AlignedWidth'($signed(sum_q)) << align_i[o*ALIGN_WIDTH+:ALIGN_WIDTH];
        end
        assign aligned = aligned_q;
      end else begin : g_same
        assign aligned = sum_q;
      end

      logic [OUT_WIDTH-1:0] out_d;
      requantize #(
          .IN_WIDTH(AlignedWidth),
          .OUT_WIDTH(OUT_WIDTH),
          .OUT_SIGNED(OUT_SIGNED),
          .SHIFT(SHIFT),
          .ROUNDING(ROUNDING)
      ) i_requantize (
          .x_i(aligned),
          .y_o(out_d)
      );
      always_ff @(posedge clk_i) if (enable) m_data_o[o*OUT_WIDTH+:OUT_WIDTH] <= out_d;
    end

    if (ALIGN_WIDTH > 0) begin : g_aligned
      logic aligned_valid_q;
      always_ff @(posedge clk_i) begin
        if (rst_i) aligned_valid_q <= 1'b0;
        else if (enable) aligned_valid_q <= sum_valid_q;
      end
      assign out_valid = aligned_valid_q;
    end else begin : g_unaligned
      logic unused;
      assign unused = |align_i;
      assign out_valid = sum_valid_q;
    end
  endgenerate

`ifdef VERILATOR
  generate
    if (IN % PI != 0 || OUT % PO != 0) begin : g_legal
      $error("linear: PI must divide IN and PO must divide OUT");
    end
    if (SHARES_MULTIPLIERS != 0 && PO % 2 != 0) begin : g_even
      $error("linear: outputs that share multipliers in pairs must be even in number");
    end
    if (IN_LATENCY > WEIGHT_LATENCY) begin : g_early
      $error("linear: weights that answer sooner than x would not meet it");
    end
  endgenerate
  hold : assert property (@(posedge clk_i) disable iff (rst_i)
      m_valid_o && !m_ready_i |=> m_valid_o && $stable(m_data_o));
`endif
endmodule
`default_nettype wire
