// A read-only memory of a few words in logic, its content a parameter. Data follow the address by one cycle.
//
//   IMAGE   word a in bits [a * WIDTH +: WIDTH]
`default_nettype none
module rom_small #(
    parameter int                       WIDTH         = 8,
    parameter int                       DEPTH         = 2,
    parameter int                       ADDRESS_WIDTH = (DEPTH > 1) ? $clog2(DEPTH) : 1,
    parameter bit [WIDTH*DEPTH-1:0] IMAGE         = '0
) (
    input  wire                      clk_i,
    input  wire                      enable_i,
    input  wire  [ADDRESS_WIDTH-1:0] address_i,
    output logic [        WIDTH-1:0] data_o
);
  // A loop over constant positions: a variable part select would be a barrel shifter.
  logic [WIDTH-1:0] word;
  always_comb begin
    word = IMAGE[WIDTH-1:0];
    for (int a = 1; a < DEPTH; a++) begin
      if (address_i == ADDRESS_WIDTH'(a)) word = IMAGE[a*WIDTH+:WIDTH];
    end
  end

  always_ff @(posedge clk_i) if (enable_i) data_o <= word;
endmodule
`default_nettype wire
