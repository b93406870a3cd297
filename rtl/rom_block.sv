// A read-only memory in block RAM, its content in a file. Data follow the address by LATENCY cycles in which it is enabled.
//
//   LATENCY 1 or 2: with a register behind the memory, which some tools find in the block RAM itself
//   FILE    words in hexadecimal, a line each, from address 0, as $readmemh reads them; "" for a memory that is not used
//   FOLDER  where FILE lies; if it is "", simulators look beside the file SOURCE, then where they run
//   HASH    of the words (FNV-1a over 32 bits of a word at a time): a simulation with other words ends at once; 0: any words
`default_nettype none
module rom_block #(
    parameter int WIDTH         = 8,
    parameter int DEPTH         = 512,
    parameter int ADDRESS_WIDTH = (DEPTH > 1) ? $clog2(DEPTH) : 1,
    parameter     FILE          = "",
    parameter     FOLDER        = "",
    parameter     SOURCE        = "",
    parameter bit [31:0] HASH   = 0,
    parameter int LATENCY       = 1
) (
    input  wire                      clk_i,
    input  wire                      enable_i,
    input  wire  [ADDRESS_WIDTH-1:0] address_i,
    output logic [        WIDTH-1:0] data_o
);
  (* rom_style = "block", ram_style = "block" *)
  logic [WIDTH-1:0] words[0:DEPTH-1];
`ifdef SYNTHESIS
  generate
    if (FILE != "") begin : g_image
      initial $readmemh((FOLDER == "") ? FILE : {FOLDER, "/", FILE}, words);
    end
  endgenerate
`elsif FORMAL
  generate
    if (FILE != "") begin : g_image
      initial $readmemh((FOLDER == "") ? FILE : {FOLDER, "/", FILE}, words);
    end
  endgenerate
`else
  // A simulator that finds no image goes on with zeros, or with what is in a file of that name where it runs.
  initial begin : read_image
    bit [8*1000-1:0] path;  // of a file: as many characters as simulators print
    logic [WIDTH+31:0] word;
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
      for (int w = 0; w < DEPTH; w++) begin
        word = {32'd0, words[w]};
        for (int b = 0; b < WIDTH; b += 32) hash = (hash ^ word[b+:32]) * 32'h01000193;
      end
      if (HASH != 0 && hash !== HASH) $fatal(1, "%m: %0s is not the image that this memory was emitted with", path);
    end
  end
`endif

  generate
    if (LATENCY > 1) begin : g_register
      logic [WIDTH-1:0] word_q;
      always_ff @(posedge clk_i) begin
        if (enable_i) begin
          word_q <= words[address_i];
          data_o <= word_q;
        end
      end
    end else begin : g_memory
      always_ff @(posedge clk_i) if (enable_i) data_o <= words[address_i];
    end
  endgenerate
endmodule
`default_nettype wire
