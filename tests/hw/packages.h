// Folders that tests emit, and the programs that strangers would run in them.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/base/child.h"
#include "engine/base/files.h"
#include "hw/package/package.h"
#include "tests/support/temporary_folder.h"

namespace ingot::test {

inline bool has_program(const char* program, const char* package) {
  if (engine::find_program(program)) return true;
  MESSAGE("skipped: " << std::string(program) << " is missing: install " << std::string(package));
  return false;
}

inline engine::ChildResult make(const std::filesystem::path& folder, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{"make", "--no-print-directory"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return engine::run_child(command, {.folder = folder});
}

inline int count(const std::string& text, const std::string& word) {
  int n = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++n;
  return n;
}

inline void put_package(const std::filesystem::path& folder, const hw::PackageInfo& info) {
  for (const hw::PackageFile& file : hw::package_files(info)) put(folder / file.name, file.text);
}

// A core with the ports of a whole model that answers a text by its tokens.
inline hw::PackageInfo echo_package() {
  hw::PackageInfo info{.top = "echo",
                       .title = "Tokens in, tokens out.",
                       .input = {.bits = 33, .beats = 0, .meaning = "tokens"},
                       .output = {.bits = 33, .beats = 0, .meaning = "words"},
                       .sources = {"echo.sv"},
                       .facts = {{"Cycles a token", "2"}},
                       .ulx3s = hw::Ulx3s{.clock_mhz = 80, .baud = 1'000'000, .most_tokens = 16}};
  for (const char* beat : {"000000005", "001abcdef", "1ff123456", "100000007", "012345678", "1fedcba98"}) {
    info.input_beats.push_back(beat);
    info.output_beats.push_back(beat);
  }
  return info;
}

inline constexpr const char kEcho[] = R"verilog(
`default_nettype none
module echo #(
    /* verilator lint_off UNUSEDPARAM */
    parameter IMAGE_FOLDER = ""
    /* verilator lint_on UNUSEDPARAM */
) (
    input  wire clk,
    input  wire rst,
    input  wire [32:0] data_in_0,
    input  wire data_in_0_valid,
    output wire data_in_0_ready,
    output logic [32:0] data_out_0,
    output logic data_out_0_valid,
    input  wire data_out_0_ready
);
  assign data_in_0_ready = !data_out_0_valid;
  always_ff @(posedge clk) begin
    if (data_in_0_ready) data_out_0 <= data_in_0;
    if (rst) data_out_0_valid <= 1'b0;
    else data_out_0_valid <= data_out_0_valid ? !data_out_0_ready : data_in_0_valid;
  end
endmodule
`default_nettype wire
)verilog";

}  // namespace ingot::test
