// SPDX-License-Identifier: @LICENCE@
// Self-checking testbench of @SIMULATED@ and @TOP@_axis, for Icarus and Verilator alike. It sends the beats of vectors_in.hex
// with random gaps, accepts at random what comes out, and compares it with vectors_out.hex. A first part ends in a reset.
//
//   +axis     tests @TOP@_axis instead of @SIMULATED@
//   +seed=N   other gaps
`ifndef SYNTHESIS  // so that Yosys can read *.sv
`timescale 1ns / 1ps
`default_nettype none
module @TOP@_tb;
  localparam int InBits = @IN_BITS@;  // of a beat
  localparam int OutBits = @OUT_BITS@;
  localparam int InBeats = @IN_BEATS@;  // of a vector; 0: its last beat has its highest bit set
  localparam int OutBeats = @OUT_BEATS@;
  localparam int InWords = @IN_WORDS@;  // beats of all vectors
  localparam int OutWords = @OUT_WORDS@;
  localparam int MostIdle = @MOST_IDLE@;  // cycles without a beat after which the module counts as stuck
  localparam int EarlyReset = 100;  // cycle
  // A beat of AXI4-Stream is as many bytes as it needs; its last beat is marked beside the data.
  localparam int InDataBits = (InBeats == 0) ? InBits - 1 : InBits;
  localparam int OutDataBits = (OutBeats == 0) ? OutBits - 1 : OutBits;
  localparam int InTdataBits = (InDataBits + 7) / 8 * 8;
  localparam int OutTdataBits = (OutDataBits + 7) / 8 * 8;
  localparam int InVector = (InBeats == 0) ? 1 : InBeats;
  localparam int OutVector = (OutBeats == 0) ? 1 : OutBeats;

  logic clk = 1'b0;
  always #5 clk = !clk;

  logic axis;
  logic [31:0] random;
  logic [InBits-1:0] in_words[0:InWords-1];
  logic [OutBits-1:0] out_words[0:OutWords-1];
  integer file;
  initial begin
    axis = $test$plusargs("axis") != 0;
    if ($value$plusargs("seed=%d", random) == 0) random = 1;
    random = random * 32'd2654435769 | 32'd1;
    // Simulators only warn of a missing file.
    file = $fopen("vectors_in.hex", "r");
    if (file == 0) $fatal(1, "FAIL vectors_in.hex is missing: run where it lies");
    $fclose(file);
    file = $fopen("vectors_out.hex", "r");
    if (file == 0) $fatal(1, "FAIL vectors_out.hex is missing: run where it lies");
    $fclose(file);
    $readmemh("vectors_in.hex", in_words);
    $readmemh("vectors_out.hex", out_words);
    if (^in_words[InWords-1] === 1'bx || ^out_words[OutWords-1] === 1'bx) $fatal(1, "FAIL vectors are missing");
  end

  // The module under test is the one that has a clock.
  logic rst = 1'b1;
  logic in_valid, in_last, out_ready;
  logic [InBits-1:0] in_data;
  wire plain_clk = clk && !axis;
  wire plain_in_ready, plain_out_valid;
  wire [OutBits-1:0] plain_out_data;
  @SIMULATED@ dut (
      .clk(plain_clk),
      .rst(rst),
      .data_in_0(in_data),
      .data_in_0_valid(in_valid),
      .data_in_0_ready(plain_in_ready),
      .data_out_0(plain_out_data),
      .data_out_0_valid(plain_out_valid),
      .data_out_0_ready(out_ready)
  );

  wire axis_clk = clk && axis;
  wire axis_in_ready, axis_out_valid, axis_out_last, axis_fault;
  wire [OutTdataBits-1:0] axis_out_data;
  @TOP@_axis axis_dut (
      .aclk(axis_clk),
      .aresetn(!rst),
      .s_axis_tdata(InTdataBits'(in_data[InDataBits-1:0])),
      .s_axis_tvalid(in_valid),
      .s_axis_tready(axis_in_ready),
      .s_axis_tlast(in_last),
      .m_axis_tdata(axis_out_data),
      .m_axis_tvalid(axis_out_valid),
      .m_axis_tready(out_ready),
      .m_axis_tlast(axis_out_last),
      .packet_fault(axis_fault)
  );

  wire in_ready = axis ? axis_in_ready : plain_in_ready;
  wire out_valid = axis ? axis_out_valid : plain_out_valid;
  wire [OutBits-1:0] out_data = axis ? OutBits'({axis_out_last, axis_out_data[OutDataBits-1:0]}) : plain_out_data;

  // ---- Stimulus and comparison
  integer cycle = 0, idle = 0, n_in = 0, n_out = 0, n_after = 0, in_end = -1, latency = -1;
  logic was_held = 1'b0;
  logic [OutBits-1:0] held_data;
  logic [1:0] in_rate = 2'd0, out_rate = 2'd0;
  wire is_calm = n_out == 0;  // the first vector passes without gaps
  wire send = is_calm || goes(in_rate, random[2:0]);
  wire accept = is_calm || goes(out_rate, random[18:16]);
  wire [InBits-1:0] word = in_words[n_in];
  wire [OutBits-1:0] expected = out_words[n_out];
  wire expected_last = (OutBeats == 0) ? expected[OutBits-1] : n_out % OutVector == OutVector - 1;

  function automatic goes(input logic [1:0] rate, input logic [2:0] draw);
    goes = rate == 2'd0 || (rate == 2'd1 && draw[0]) || (rate == 2'd2 && draw == 3'd0) || (rate == 2'd3 && draw != 3'd0);
  endfunction

  function automatic [31:0] next_random(input logic [31:0] x);  // xorshift
    next_random = x ^ (x << 13);
    next_random = next_random ^ (next_random >> 17);
    next_random = next_random ^ (next_random << 5);
  endfunction

  always @(posedge clk) begin
    cycle <= cycle + 1;
    random <= next_random(random);
    if (cycle % 64 == 0) {in_rate, out_rate} <= random[11:8];
    rst <= cycle < 8 || (cycle >= EarlyReset && cycle < EarlyReset + 8);
    if (rst) begin
      in_valid <= 1'b0;
      out_ready <= 1'b0;
      was_held <= 1'b0;
      {n_in, n_out, idle} <= '0;
      {in_end, latency} <= '1;
    end else begin
      stimulate;
      compare;
    end
  end

  task automatic stimulate;
    if (!in_valid || in_ready) begin
      in_valid <= send && n_in < InWords;
      if (send && n_in < InWords) begin
        in_data <= word;
        in_last <= (InBeats == 0) ? word[InBits-1] : n_in % InVector == InVector - 1;
        n_in <= n_in + 1;
      end
    end
    if (in_valid && in_ready && in_last && in_end < 0) in_end <= cycle;
    out_ready <= accept;
  endtask

  task automatic compare;
    if (out_valid === 1'bx || in_ready === 1'bx) $fatal(1, "FAIL a valid or ready is unknown in cycle %0d", cycle);
    if (was_held && (!out_valid || out_data !== held_data))
      $fatal(1, "FAIL beat %0d: changed before it was accepted, from %h to %h", n_out, held_data, out_data);
    was_held  <= out_valid && !out_ready;
    held_data <= out_data;
    if (out_valid && out_ready) begin
      if (n_out == OutWords) $fatal(1, "FAIL beat %0d: got %h, expected none", n_out, out_data);
      if (out_data !== expected)
        $fatal(1, "FAIL beat %0d: got %h, expected %h", n_out, out_data, expected);
      if (axis && axis_out_last !== expected_last)
        $fatal(1, "FAIL beat %0d: got m_axis_tlast %b, expected %b", n_out, axis_out_last, expected_last);
      if (latency < 0) latency <= (in_end < 0) ? 0 : cycle - in_end;  // 0: the answer begins earlier
      n_out <= n_out + 1;
    end
    idle <= ((in_valid && in_ready) || (out_valid && out_ready)) ? 0 : idle + 1;
    if (idle > MostIdle && n_out != OutWords)
      $fatal(1, "FAIL beat %0d: got none for %0d cycles, expected %h", n_out, idle, expected);
    n_after <= (n_out == OutWords && cycle > EarlyReset + 8) ? n_after + 1 : 0;
    if (n_after == 64) begin
      if (axis && axis_fault !== 1'b0) $fatal(1, "FAIL packet_fault is %b", axis_fault);
      $display("PASS %0d beats; latency %0d cycles from the last beat of a vector to the first of its answer", n_out,
               latency);
      $finish;
    end
  endtask
endmodule
`default_nettype wire
`endif
