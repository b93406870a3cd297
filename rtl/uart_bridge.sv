// A whole model behind a serial line (uart_rx, uart_tx): texts in, answers out, one at a time. All words are four bytes,
// the lowest first.
//
//   A text      its number of tokens, 1 to TOKENS; then the tokens: bits 23 to 0 the id, 31 to 24 the type
//   An answer   the words of the model's packet: status, logits. A text that is no text is answered by one word,
//               32'h00ff0000: length 0 or more than TOKENS, a missing stop bit, or no byte for IDLE cycles in the middle.
//               Such an answer comes when the line was silent for IDLE cycles, and the next byte begins a new text.
//   m_*         to the model: {last, type, id}, a beat a token
//   s_*         from the model: {last, word}
//
// Bytes that come before the answer is out are lost. The model is given whole texts only.
`default_nettype none
module uart_bridge #(
    parameter int CYCLES = 60,       // clock cycles a bit
    parameter int TOKENS = 256,      // >= 2
    parameter int IDLE   = 1000000
) (
    input  wire         clk_i,
    input  wire         rst_i,
    input  wire         rx_i,
    output logic        tx_o,
    output logic [32:0] m_data_o,
    output logic        m_valid_o,
    input  wire         m_ready_i,
    input  wire  [32:0] s_data_i,
    input  wire         s_valid_i,
    output logic        s_ready_o
);
  localparam int IndexWidth = $clog2(TOKENS);
  localparam int IdleWidth = $clog2(IDLE + 1);
  localparam logic [31:0] Refusal = 32'h00ff0000;

  // ---- Words from the line
  logic [7:0] rx_data;
  logic rx_valid, rx_fault, word_valid_q;
  logic [31:0] word_q;
  logic [1:0] byte_q;  // of the word
  uart_rx #(
      .CYCLES(CYCLES)
  ) i_rx (
      .clk_i,
      .rst_i,
      .rx_i,
      .data_o (rx_data),
      .valid_o(rx_valid),
      .fault_o(rx_fault)
  );

  typedef enum logic [2:0] {
    Length,  // of the next text is awaited
    Tokens,  // are received
    Skip,    // all bytes until the line is silent
    Refuse,
    Send,    // the text to the model
    Answer
  } state_t;
  state_t state_q;
  logic [IndexWidth-1:0] index_q, last_index_q;
  logic [IdleWidth-1:0] idle_q;
  logic is_idle, is_legal;
  assign is_idle = idle_q == IdleWidth'(IDLE);
  assign is_legal = word_q != '0 && word_q <= 32'(TOKENS);

  // ---- The text, read a cycle ahead of its use
  (* no_rw_check *)
  logic [31:0] tokens[0:(1<<IndexWidth)-1];
  logic [31:0] token_q;
  logic [IndexWidth-1:0] read_index;
  logic token_valid_q, sent;
  assign sent = m_valid_o && m_ready_i;
  assign read_index = sent ? index_q + 1'b1 : index_q;
  always_ff @(posedge clk_i) begin
    if (state_q == Tokens && word_valid_q) tokens[index_q] <= word_q;
    token_q <= tokens[read_index];
  end
  assign m_valid_o = state_q == Send && token_valid_q;
  assign m_data_o  = {index_q == last_index_q, token_q};

  // ---- Words to the line
  logic [31:0] out_q;
  logic [2:0] out_left_q;  // bytes
  logic out_last_q, tx_ready, is_out, answered;
  assign is_out = out_left_q == '0;
  assign s_ready_o = (state_q == Send || state_q == Answer) && is_out && !out_last_q;
  assign answered = (state_q == Refuse || state_q == Answer) && is_out && out_last_q && tx_ready;
  uart_tx #(
      .CYCLES(CYCLES)
  ) i_tx (
      .clk_i,
      .rst_i,
      .s_data_i (out_q[7:0]),
      .s_valid_i(!is_out),
      .s_ready_o(tx_ready),
      .tx_o
  );

  always_ff @(posedge clk_i) begin
    if (rx_valid) word_q <= {rx_data, word_q[31:8]};
    if (s_valid_i && s_ready_o) out_q <= s_data_i[31:0];
    else if (state_q == Refuse && !out_last_q) out_q <= Refusal;
    else if (!is_out && tx_ready) out_q <= out_q >> 8;
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      out_left_q <= '0;
      out_last_q <= 1'b0;
    end else if ((s_valid_i && s_ready_o) || (state_q == Refuse && !out_last_q)) begin
      out_left_q <= 3'd4;
      out_last_q <= state_q == Refuse || s_data_i[32];
    end else begin
      if (!is_out && tx_ready) out_left_q <= out_left_q - 1'b1;
      if (answered) out_last_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= Length;
      index_q <= '0;
      last_index_q <= '0;
      idle_q <= '0;
      byte_q <= '0;
      word_valid_q <= 1'b0;
      token_valid_q <= 1'b0;
    end else begin
      word_valid_q <= rx_valid && byte_q == 2'd3;
      token_valid_q <= state_q == Send && !(sent && index_q == last_index_q);
      if (rx_valid) byte_q <= byte_q + 1'b1;
      idle_q <= (rx_valid || rx_fault) ? '0 : is_idle ? idle_q : idle_q + 1'b1;
      case (state_q)
        Length: begin
          index_q <= '0;
          if (word_valid_q) begin
            last_index_q <= IndexWidth'(word_q - 32'd1);
            state_q <= is_legal ? Tokens : Skip;
          end else if (byte_q != '0 && (rx_fault || is_idle)) state_q <= Skip;
        end
        Tokens: begin
          if (word_valid_q) begin
            index_q <= (index_q == last_index_q) ? '0 : index_q + 1'b1;
            if (index_q == last_index_q) state_q <= Send;
          end else if (rx_fault || is_idle) state_q <= Skip;
        end
        Skip: if (is_idle) state_q <= Refuse;
        Send:
        if (sent) begin
          index_q <= index_q + 1'b1;
          if (index_q == last_index_q) state_q <= Answer;
        end
        default:
        if (answered) begin
          state_q <= Length;
          byte_q  <= '0;
        end
      endcase
    end
  end
endmodule
`default_nettype wire
