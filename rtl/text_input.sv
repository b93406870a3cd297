// Takes texts, a packet each, and keeps two: one is computed while the next comes in.
//
//   s_data_i     a token: {last, type (8 bits), id (24 bits)}; s_ready_o is a register. A packet whose last beat does not
//                say so goes on in the next one: what comes until `last` is one text.
//   valid_o      a text is whole: n_o tokens; error_o 0, or what is wrong with it: 1 it has more than LONGEST tokens,
//                2 an id is not below VOCABULARY, 3 a type is not below TYPES. n_o is then the tokens that were kept.
//   address_i    a row; id_o and type_o follow by two cycles
//   done_i       the text is not needed any more
`default_nettype none
module text_input #(
    parameter int LONGEST       = 256,
    parameter int VOCABULARY    = 8000,
    parameter int TYPES         = 2,
    // Derived: not to be set.
    parameter int N_WIDTH       = $clog2(LONGEST + 1),
    parameter int ROW_WIDTH     = (LONGEST > 1) ? $clog2(LONGEST) : 1,
    parameter int ID_WIDTH      = (VOCABULARY > 1) ? $clog2(VOCABULARY) : 1,
    parameter int TYPE_ID_WIDTH = (TYPES > 1) ? $clog2(TYPES) : 1
) (
    input  wire                      clk_i,
    input  wire                      rst_i,
    input  wire  [             32:0] s_data_i,
    input  wire                      s_valid_i,
    output logic                     s_ready_o,
    output logic                     valid_o,
    output logic [      N_WIDTH-1:0] n_o,
    output logic [              1:0] error_o,
    input  wire                      done_i,
    input  wire  [    ROW_WIDTH-1:0] address_i,
    output logic [     ID_WIDTH-1:0] id_o,
    output logic [TYPE_ID_WIDTH-1:0] type_o
);
  logic [1:0] full_q;
  logic write_bank_q, read_bank_q;
  logic [N_WIDTH-1:0] count_q;
  logic [1:0] error_q, error_d;
  logic [2*N_WIDTH-1:0] counts_q;
  logic [2*2-1:0] errors_q;
  logic takes, has_room, takes_last;

  assign s_ready_o = write_bank_q ? !full_q[1] : !full_q[0];
  assign takes = s_valid_i && s_ready_o;
  assign takes_last = takes && s_data_i[32];
  assign has_room = count_q != N_WIDTH'(LONGEST);
  assign error_d = error_q != 2'd0 ? error_q : !has_room ? 2'd1 : 32'(s_data_i[23:0]) >= VOCABULARY ? 2'd2 :
                   32'(s_data_i[31:24]) >= TYPES ? 2'd3 : 2'd0;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      full_q <= 2'b00;
      write_bank_q <= 1'b0;
      read_bank_q <= 1'b0;
      count_q <= '0;
      error_q <= 2'd0;
    end else begin
      if (takes) begin
        count_q <= takes_last ? '0 : has_room ? count_q + 1'b1 : count_q;
        error_q <= takes_last ? 2'd0 : error_d;
      end
      if (takes_last) write_bank_q <= !write_bank_q;
      if (done_i) read_bank_q <= !read_bank_q;
      for (int b = 0; b < 2; b++) begin
        if (takes_last && write_bank_q == 1'(b)) full_q[b] <= 1'b1;
        else if (done_i && read_bank_q == 1'(b)) full_q[b] <= 1'b0;
      end
    end
    for (int b = 0; b < 2; b++) begin
      if (takes_last && write_bank_q == 1'(b)) begin
        counts_q[b*N_WIDTH+:N_WIDTH] <= has_room ? count_q + 1'b1 : count_q;
        errors_q[b*2+:2] <= error_d;
      end
    end
  end

  assign valid_o = read_bank_q ? full_q[1] : full_q[0];
  assign n_o = read_bank_q ? counts_q[N_WIDTH+:N_WIDTH] : counts_q[0+:N_WIDTH];
  assign error_o = read_bank_q ? errors_q[3:2] : errors_q[1:0];

  logic [ROW_WIDTH-1:0] write_row;
  assign write_row = ROW_WIDTH'(count_q);
  memory_block #(
      .WIDTH(ID_WIDTH + TYPE_ID_WIDTH),
      .DEPTH(2 << ROW_WIDTH)
  ) i_tokens (
      .clk_i,
      .write_i(takes && has_room),
      .write_address_i({write_bank_q, write_row}),
      .data_i({s_data_i[24+:TYPE_ID_WIDTH], s_data_i[0+:ID_WIDTH]}),
      .address_i({read_bank_q, address_i}),
      .data_o({type_o, id_o})
  );
endmodule
`default_nettype wire
