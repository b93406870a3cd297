// SPDX-License-Identifier: @LICENCE@
// @TOP@ on the board ULX3S, behind the serial line of its USB port US1: see uart_bridge.sv and README.md. Button FIRE1
// resets. led[0]: runs, led[1]: bytes come in, led[2]: bytes go out.
//
// The PLL makes @PLL_MHZ@ MHz of 25 MHz. A simulation drives clk_25mhz at the speed that it likes.
`default_nettype none
module ulx3s_top #(
    parameter int CYCLES = @CYCLES_OF_BIT@,  // a bit: @BAUD@ baud
    parameter int TOKENS = @MOST_TOKENS@,  // of a text at most
    parameter int IDLE = @IDLE_CYCLES@,  // 50 ms
    parameter IMAGE_FOLDER = ""
) (
    input  wire clk_25mhz,
    input  wire [1:1] btn,
    input  wire ftdi_txd,  // what the host sends
    output wire ftdi_rxd,
    output wire [7:0] led,
    output wire wifi_gpio0
);
  wire clk, locked;
`ifdef SYNTHESIS
  (* FREQUENCY_PIN_CLKI = "25", FREQUENCY_PIN_CLKOP = "@PLL_MHZ@", ICP_CURRENT = "12", LPF_RESISTOR = "8",
     MFG_ENABLE_FILTEROPAMP = "1", MFG_GMCREF_SEL = "2" *)
  EHXPLLL #(
      .CLKI_DIV(@PLL_INPUT@),
      .CLKFB_DIV(@PLL_FEEDBACK@),
      .CLKOP_DIV(@PLL_OUTPUT@),
      .CLKOP_CPHASE(@PLL_PHASE@),
      .CLKOP_FPHASE(0),
      .CLKOP_ENABLE("ENABLED"),
      .FEEDBK_PATH("CLKOP"),
      .OUTDIVIDER_MUXA("DIVA"),
      .PLLRST_ENA("DISABLED"),
      .INTFB_WAKE("DISABLED"),
      .STDBY_ENABLE("DISABLED"),
      .DPHASE_SOURCE("DISABLED")
  ) i_pll (
      .CLKI(clk_25mhz),
      .CLKFB(clk),
      .CLKOP(clk),
      .LOCK(locked),
      .RST(1'b0),
      .STDBY(1'b0),
      .PHASESEL0(1'b0),
      .PHASESEL1(1'b0),
      .PHASEDIR(1'b1),
      .PHASESTEP(1'b1),
      .PHASELOADREG(1'b1),
      .PLLWAKESYNC(1'b0),
      .ENCLKOP(1'b0)
  );
`else
  assign clk = clk_25mhz;
  assign locked = 1'b1;
`endif

  logic [15:0] rst_q = 16'hffff;  // 16 cycles after the PLL has locked and the button is up
  wire rst = rst_q[15];
  always_ff @(posedge clk) rst_q <= {rst_q[14:0], !locked || btn[1]};

  wire [32:0] token, word;
  wire token_valid, token_ready, word_valid, word_ready;
  uart_bridge #(
      .CYCLES(CYCLES),
      .TOKENS(TOKENS),
      .IDLE(IDLE)
  ) i_bridge (
      .clk_i(clk),
      .rst_i(rst),
      .rx_i(ftdi_txd),
      .tx_o(ftdi_rxd),
      .m_data_o(token),
      .m_valid_o(token_valid),
      .m_ready_i(token_ready),
      .s_data_i(word),
      .s_valid_i(word_valid),
      .s_ready_o(word_ready)
  );
  @TOP@ #(
      .IMAGE_FOLDER(IMAGE_FOLDER)
  ) i_@TOP@ (
      .clk(clk),
      .rst(rst),
      .data_in_0(token),
      .data_in_0_valid(token_valid),
      .data_in_0_ready(token_ready),
      .data_out_0(word),
      .data_out_0_valid(word_valid),
      .data_out_0_ready(word_ready)
  );

  assign led = {5'd0, !ftdi_rxd, !ftdi_txd, !rst};
  assign wifi_gpio0 = 1'b1;  // low would let the ESP32 take the board over
endmodule
`default_nettype wire
