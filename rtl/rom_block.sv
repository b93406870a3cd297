// A read-only memory in block RAM, its content in a file. Data follow the address by one cycle.
//
//   FILE    words in hexadecimal, a line each, from address 0, as $readmemh reads them; simulators and synthesis look
//           for it from the folder that they run in
`default_nettype none
module rom_block #(
    parameter int WIDTH         = 8,
    parameter int DEPTH         = 512,
    parameter int ADDRESS_WIDTH = (DEPTH > 1) ? $clog2(DEPTH) : 1,
    parameter     FILE          = "rom.mem"
) (
    input  wire                      clk_i,
    input  wire                      enable_i,
    input  wire  [ADDRESS_WIDTH-1:0] address_i,
    output logic [        WIDTH-1:0] data_o
);
  (* rom_style = "block", ram_style = "block" *)
  logic [WIDTH-1:0] words[0:DEPTH-1];
  initial $readmemh(FILE, words);

  always_ff @(posedge clk_i) if (enable_i) data_o <= words[address_i];
endmodule
`default_nettype wire
