// Any function of one code as a table: LANES elements a beat, a beat a cycle, 1 cycle of latency. Two lanes share a
// memory with two read ports.
//
//   FILE, FOLDER, SOURCE, HASH   2^IN_WIDTH words of OUT_WIDTH bits (see rom_block): word a is the code of the value at
//           the input code whose bits, read as an unsigned number, are a. Non-negative codes so precede negative ones.
`default_nettype none
module table_activation #(
    parameter int LANES     = 4,
    parameter int IN_WIDTH  = 8,
    parameter int OUT_WIDTH = 8,
    parameter     FILE      = "",
    parameter     FOLDER    = "",
    parameter     SOURCE    = "",
    parameter bit [31:0] HASH = 0
) (
    input  wire                        clk_i,
    input  wire                        rst_i,
    input  wire  [ LANES*IN_WIDTH-1:0] s_data_i,
    input  wire                        s_valid_i,
    output logic                       s_ready_o,
    output logic [LANES*OUT_WIDTH-1:0] m_data_o,
    output logic                       m_valid_o,
    input  wire                        m_ready_i
);
  logic enable;
  assign enable = !m_valid_o || m_ready_i;
  assign s_ready_o = enable;

  generate
    for (genvar l = 0; l < LANES; l = l + 2) begin : g_pair
      logic [OUT_WIDTH-1:0] words[0:(1<<IN_WIDTH)-1];
`ifdef SYNTHESIS
      if (FILE != "") begin : g_image
        initial $readmemh((FOLDER == "") ? FILE : {FOLDER, "/", FILE}, words);
      end
`elsif FORMAL
      if (FILE != "") begin : g_image
        initial $readmemh((FOLDER == "") ? FILE : {FOLDER, "/", FILE}, words);
      end
`else
      // A simulator that finds no image goes on with zeros, or with what is in a file of that name where it runs.
      initial begin : read_image
        bit [8*1000-1:0] path;  // of a file: as many characters as simulators print
        logic [OUT_WIDTH+31:0] word;
        logic [31:0] hash;
        int file;
        path = (8*1000)'(SOURCE);
        while (path != 0 && path[7:0] != "/") path = path >> 8;
        if (FOLDER != "") path = (8*1000)'({FOLDER, "/"});
        path = (path << $bits(FILE)) | (8*1000)'(FILE);
        file = $fopen(path, "r");
        if (file == 0 && FOLDER == "") begin
          path = (8*1000)'(FILE);
          file = $fopen(path, "r");
        end
        if (file == 0) begin
          $fatal(1, "%m: no memory image %0s: parameter IMAGE_FOLDER of the top module says where it lies", path);
        end else begin
          $fclose(file);
          $readmemh(path, words);
          hash = 32'h811c9dc5;
          for (int w = 0; w < (1 << IN_WIDTH); w++) begin
            word = {32'd0, words[w]};
            for (int b = 0; b < OUT_WIDTH; b += 32) hash = (hash ^ word[b+:32]) * 32'h01000193;
          end
          if (HASH != 0 && hash !== HASH) $fatal(1, "%m: %0s is not the image that this memory was emitted with", path);
        end
      end
`endif
      always_ff @(posedge clk_i) begin
        if (enable) m_data_o[l*OUT_WIDTH+:OUT_WIDTH] <= words[s_data_i[l*IN_WIDTH+:IN_WIDTH]];
      end
      if (l + 1 < LANES) begin : g_second
        always_ff @(posedge clk_i) begin
          if (enable) m_data_o[(l+1)*OUT_WIDTH+:OUT_WIDTH] <= words[s_data_i[(l+1)*IN_WIDTH+:IN_WIDTH]];
        end
      end
    end
  endgenerate

  always_ff @(posedge clk_i) begin
    if (rst_i) m_valid_o <= 1'b0;
    else if (enable) m_valid_o <= s_valid_i;
  end

`ifdef VERILATOR
  hold : assert property (@(posedge clk_i) disable iff (rst_i)
      m_valid_o && !m_ready_i |=> m_valid_o && $stable(m_data_o));
`endif
endmodule
`default_nettype wire
