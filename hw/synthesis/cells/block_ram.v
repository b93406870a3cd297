// What block RAMs of all families have in common: bytes of nine bits and two ports. The vendors' cells beside this file
// give it their ports and, by bytes[], their contents. Output registers, resets, error correction and cascades are not
// modelled; the cells refuse them. Each parameter and port holds what is port A's in its lower and port B's in its upper
// half.
//
//   ADDRESS_WIDTH   of addresses of bits, without the ninth of each byte: address a is in byte a / 8
//   BYTES           of the widest port
//   READ_WIDTHS, WRITE_WIDTHS   1, 2, 4 (of the lower eight bits of a byte), 9, 18, 36 or 72; 0: the port does not
//   MODES           what a port that writes reads: 0 nothing new, 1 what was there, 2 what is there then
//   write_i         by byte; a port of at most 9 bits has one
//
// What both ports write at once, and what one reads where the other writes, is undefined in hardware.
`default_nettype none
module block_ram #(
    parameter integer ADDRESS_WIDTH = 14,
    parameter integer BYTES = 4,
    parameter [63:0] READ_WIDTHS = 0,
    parameter [63:0] WRITE_WIDTHS = 0,
    parameter [63:0] MODES = 0
) (
    input wire [1:0] clk_i,
    input wire [1:0] enable_i,
    input wire [2*BYTES-1:0] write_i,
    input wire [2*ADDRESS_WIDTH-1:0] address_i,
    input wire [18*BYTES-1:0] data_i,
    output wire [18*BYTES-1:0] data_o
);
  localparam integer IndexWidth = ADDRESS_WIDTH - 3;
  localparam integer LaneWidth = $clog2(BYTES);

  reg [8:0] bytes[0:(1<<IndexWidth)-1];

  genvar p, i;
  generate
    for (p = 0; p < 2; p = p + 1) begin : g_port
      localparam integer ReadWidth = READ_WIDTHS[32*p+:32];
      localparam integer WriteWidth = WRITE_WIDTHS[32*p+:32];
      localparam integer Mode = MODES[32*p+:32];
      wire clk = clk_i[p];
      wire [BYTES-1:0] write = WriteWidth > 0 && enable_i[p] ? write_i[p*BYTES+:BYTES] : {BYTES{1'b0}};
      wire [ADDRESS_WIDTH-1:0] address = address_i[p*ADDRESS_WIDTH+:ADDRESS_WIDTH];
      wire [2:0] read_place = ReadWidth == 4 ? {address[2], 2'b00} : ReadWidth == 2 ? {address[2:1], 1'b0} :
                              ReadWidth == 1 ? address[2:0] : 3'd0;
      wire [2:0] write_place = WriteWidth == 4 ? {address[2], 2'b00} : WriteWidth == 2 ? {address[2:1], 1'b0} :
                               WriteWidth == 1 ? address[2:0] : 3'd0;

      localparam integer WriteBytes = (WriteWidth + 8) / 9;
      localparam [8:0] Mask = WriteWidth < 9 ? (9'd1 << WriteWidth) - 9'd1 : 9'h1ff;
      wire [IndexWidth-1:0] write_base = address[ADDRESS_WIDTH-1:3] & ~(WriteBytes[IndexWidth-1:0] - 1'b1);

      for (i = 0; i < BYTES; i = i + 1) begin : g_byte
        localparam integer Place = p * BYTES + i;
        if (9 * i < ReadWidth) begin : g_read
          reg [8:0] read_q;
          assign data_o[9*Place+:9] = read_q;
          localparam integer Bytes = (ReadWidth + 8) / 9;
          wire [IndexWidth-1:0] index = (address[ADDRESS_WIDTH-1:3] & ~(Bytes[IndexWidth-1:0] - 1'b1)) + i[IndexWidth-1:0];
          // The byte of the word to be written that is this one, if one is: words that are read may be wider or
          // narrower, and bytes of them not enabled.
          wire [IndexWidth-1:0] lane = index - write_base;
          wire is_written = lane < WriteBytes[IndexWidth-1:0] && write[lane[LaneWidth-1:0]];
          wire [8:0] data = data_i[9*(p*BYTES+lane[LaneWidth-1:0])+:9];
          wire [8:0] after = is_written ? (bytes[index] & ~(Mask << write_place)) | ((data & Mask) << write_place)
                                        : bytes[index];
          always @(posedge clk) begin
            if (enable_i[p] && (~|write || Mode == 1)) read_q <= bytes[index] >> read_place;
            else if (enable_i[p] && Mode == 2) read_q <= after >> read_place;
          end
        end else begin : g_no_read
          assign data_o[9*Place+:9] = 9'd0;
        end
        if (9 * i < WriteWidth) begin : g_write
          wire [IndexWidth-1:0] index = write_base + i[IndexWidth-1:0];
          always @(posedge clk) begin
            if (write[i]) begin
              bytes[index] <= (bytes[index] & ~(Mask << write_place)) | ((data_i[9*Place+:9] & Mask) << write_place);
            end
          end
        end
      end
    end
  endgenerate
endmodule
`default_nettype wire
