// A host at the other end of a serial line, and what it says and is told: frames of tokens, words of answers.
#pragma once

#include <fmt/format.h>

#include "tests/hw/packages.h"

namespace ingot::test {

// Sends the bytes of bytes_in.hex and prints those that come back, `SEND_BIT and `READ_BIT ns a bit. With a byte: bit 8
// means that its stop bit is missing, 9 that the line is silent afterwards for `SILENCE ns, 10 that the reset is
// pressed then, 11 that a spike of a quarter of a bit comes before it, 12 that the line pauses before it for `PAUSE ns,
// 13 that it is broken before it, low for 400 bits.
inline constexpr const char kHost[] = R"verilog(
`timescale 1ns / 1ps
`default_nettype none
module host_tb;
  logic clk = 1'b0, tx = 1'b1, button = 1'b1;
  wire rx;
  logic [13:0] bytes[0:`BYTES-1];
  logic [7:0] got;
  always #(`CLOCK / 2) clk = !clk;
  `DUT
  task send(input [13:0] b);
    begin
      if (b[12]) #(`PAUSE);
      if (b[13]) begin
        tx = 1'b0;
        #(`SEND_BIT * 400);
        tx = 1'b1;
        #(`SEND_BIT * 12);
      end
      if (b[11]) begin
        tx = 1'b0;
        #(`SEND_BIT / 4);
        tx = 1'b1;
        #(`SEND_BIT * 12);
      end
      tx = 1'b0;
      #(`SEND_BIT);
      for (integer i = 0; i < 8; i = i + 1) begin
        tx = b[i];
        #(`SEND_BIT);
      end
      tx = !b[8];
      #(`SEND_BIT * 7 / 10);  // too short to begin another byte
      tx = 1'b1;
      #(`SEND_BIT * 3 / 10);
      if (b[8]) #(`SEND_BIT);
      if (b[9]) #(`SILENCE);
      if (b[10]) begin
        button = 1'b1;
        #(`CLOCK * 20);
        button = 1'b0;
        #(`CLOCK * 30);
      end
    end
  endtask
  always @(negedge rx) begin
    #(`READ_BIT + `EDGE);
    for (integer i = 0; i < 8; i = i + 1) begin
      got[i] = rx;
      #(`READ_BIT - 2 * `EDGE);
      if (rx !== got[i]) $display("bit %0d is too short", i);
      #(2 * `EDGE);
    end
    if (rx !== 1'b1) $display("no stop bit");
    $display("%h", got);
  end
  initial begin
    $readmemh("bytes_in.hex", bytes);
    #(`CLOCK * 20);
    button = 1'b0;
    #(`CLOCK * 30);
    for (integer i = 0; i < `BYTES; i = i + 1) send(bytes[i]);
    $finish;
  end
endmodule
`default_nettype wire
)verilog";

constexpr std::uint32_t kNoStop = 0x100, kSilence = 0x200, kReset = 0x400, kSpike = 0x800, kPause = 0x1000,
                        kBreak = 0x2000;

// What is sent, and what must come back.
struct Conversation {
  std::vector<std::uint32_t> sent;
  std::string expected;

  void word(std::uint32_t word, std::uint32_t flags = 0) {
    for (int i = 0; i < 4; ++i) sent.push_back((word >> (8 * i) & 255) | (i == 3 ? flags : 0));
  }
  void expect(std::uint32_t word) {
    for (int i = 0; i < 4; ++i) expected += fmt::format("{:02x}\n", word >> (8 * i) & 255);
  }
  void text(const std::vector<std::uint32_t>& tokens) {
    word(static_cast<std::uint32_t>(tokens.size()));
    for (const std::uint32_t token : tokens) {
      word(token);
      expect(token);
    }
    sent.back() |= kSilence;
  }
  void refused() {
    sent.back() |= kSilence;
    expect(0x00ff0000);
  }
};

struct Line {
  std::string instance;         // of what is at its end: clk, button, tx and rx are the host's
  double clock, send, read;     // ns of a cycle, and of a bit
  double edge;                  // ns at the ends of a bit in which it may be another
  double silence, pause = 0.0;  // ns
};

// What comes back from the design of these files of a folder.
inline std::string answers(const std::filesystem::path& folder, const std::vector<std::string>& files, const Line& line,
                           const Conversation& conversation) {
  put(folder / "host_tb.sv", fmt::format("`define DUT {}\n`define CLOCK {}\n`define SEND_BIT {}\n`define READ_BIT "
                                         "{}\n`define EDGE {}\n`define SILENCE {}\n"
                                         "`define PAUSE {}\n`define BYTES {}\n{}",
                                         line.instance, line.clock, line.send, line.read, line.edge, line.silence,
                                         line.pause, conversation.sent.size(), kHost));
  std::string bytes;
  for (const std::uint32_t byte : conversation.sent) bytes += fmt::format("{:04x}\n", byte);
  put(folder / "bytes_in.hex", bytes);
  std::vector<std::string> command{"iverilog", "-g2012", "-s", "host_tb", "-o", "host.vvp"};
  command.insert(command.end(), files.begin(), files.end());
  command.push_back("host_tb.sv");
  const engine::ChildResult built = engine::run_child(command, {.folder = folder});
  CHECK(built.output == "");
  return engine::run_child({"vvp", "-n", "host.vvp"}, {.folder = folder}).output;
}

}  // namespace ingot::test
